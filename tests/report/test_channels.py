# SPDX-License-Identifier: Apache-2.0
"""The use of memory channels, in words, in the table of a run, and on the page."""

from rich.console import Console

from streamhw.report.channels import channel_table, spread, uses_of
from streamhw.runtime.device import Traffic

TRAFFIC = {
    f"m_axi_mem{i}": Traffic(
        read_bytes=40_000 + 1000 * i,
        write_bytes=600,
        busy_cycles=900,
        row_misses=40,
        refresh_cycles=66,
    )
    for i in range(3)
}


def test_use_of_channels() -> None:
    uses = uses_of(TRAFFIC, cycles=1000, peak=58.0)
    use = uses["m_axi_mem1"]
    assert use.peak == 41_600 / 58_000 and use.busy == 0.9 and use.refresh_cycles == 66
    assert spread(uses) == "70.0% / 71.7% / 73.4% of peak: least, mean, most of 3 channels"
    assert spread({"m_axi_mem1": use}) == "71.7% of peak, busy 90.0%"
    console = Console(width=120)
    with console.capture() as shown:
        console.print(channel_table(uses))
    assert "41,000" in shown.get() and "73.4%" in shown.get()
