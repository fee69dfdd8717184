# SPDX-License-Identifier: Apache-2.0
"""Tables of a profile: all kernels with all shares, one layer, predicted beside measured."""

from io import StringIO

from rich.console import Console
from rich.table import Table

from streamhw.report.profile_tables import STATES, kernel_table, shown_times, times_table
from tests.report.profiles import kernel, profile


def printed(table: Table) -> list[str]:
    text = StringIO()
    Console(file=text, width=140).print(table)
    return text.getvalue().splitlines()


def test_each_kernel_has_its_shares() -> None:
    made = profile(kernel("engine", 604, memory=96), kernel("norm", 80))
    lines = printed(kernel_table(made))
    (row,) = (line for line in lines if "engine" in line)
    assert [cell.strip() for cell in row.split("│")[2:-1]] == [
        "60.4%", "0.0%", "0.0%", "9.6%", "30.0%",
    ]  # fmt: skip
    assert "in the 1,000 cycles" in lines[0] and any("norm" in line for line in lines)
    for one in made.kernels:
        assert sum(count(one) for count in STATES.values()) == made.cycles


def test_times_of_one_layer_with_what_was_measured() -> None:
    made = profile()
    assert [(t.invocation, t.task) for t in shown_times(made)] == [
        ("layer 1", "sum"), ("tail", "norm"),
    ]  # fmt: skip
    text = "\n".join(printed(times_table(made)))
    assert "101 to 210" in text and "+4" in text and "300 to 398" in text and "-2" in text
    assert "fork" not in text and "layer 0" not in text
