# SPDX-License-Identifier: Apache-2.0
"""How well the channels of external memory were used in a simulated answer."""

from collections.abc import Callable, Mapping

from ..runtime.device import Traffic
from .fitted_table import FittedTable, numbers, words
from .measured import ChannelUse

__all__ = ["COLUMNS", "channel_table", "spread", "uses_of"]

COLUMNS: dict[str, Callable[[ChannelUse], str]] = {
    "read bytes": lambda use: f"{use.read_bytes:,}",
    "written": lambda use: f"{use.write_bytes:,}",
    "of peak": lambda use: f"{use.peak:.1%}",
    "busy": lambda use: f"{use.busy:.1%}",
    "row misses": lambda use: f"{use.row_misses:,}",
    "refresh cycles": lambda use: f"{use.refresh_cycles:,}",
}
"""What is shown of a channel."""


def uses_of(traffic: Mapping[str, Traffic], cycles: int, peak: float) -> dict[str, ChannelUse]:
    """By port: the use of its channel, which carries ``peak`` bytes a cycle at best."""
    return {
        name: ChannelUse(
            read_bytes=t.read_bytes,
            write_bytes=t.write_bytes,
            peak=(t.read_bytes + t.write_bytes) / (peak * cycles),
            busy=t.busy_cycles / cycles,
            row_misses=t.row_misses,
            refresh_cycles=t.refresh_cycles,
        )
        for name, t in traffic.items()
    }


def spread(uses: Mapping[str, ChannelUse]) -> str:
    """Least, mean and most of what the channels carried of what they could, in words."""
    shares = [use.peak for use in uses.values()]
    if len(shares) == 1:
        return f"{shares[0]:.1%} of peak, busy {next(iter(uses.values())).busy:.1%}"
    mean = sum(shares) / len(shares)
    return (
        f"{min(shares):.1%} / {mean:.1%} / {max(shares):.1%} of peak: "
        f"least, mean, most of {len(shares)} channels"
    )


def channel_table(uses: Mapping[str, ChannelUse]) -> FittedTable:
    """A line a channel."""
    table = FittedTable(
        [*words("port"), *(c for k, n in enumerate(COLUMNS) for c in numbers(n, keeps=-k))],
        title="memory channels",
    )
    for port, use in uses.items():
        table.add_row(port, *(show(use) for show in COLUMNS.values()))
    return table
