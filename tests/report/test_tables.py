# SPDX-License-Identifier: Apache-2.0
"""The tables that a build ends with show each kernel, and everything else as a sum."""

import re

from rich.console import Console

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.report.summary import Summary
from streamhw.report.tables import converter_table, print_summary
from streamhw.stream.converter.spec import ConverterSpec


def shown(print_to: object, wide: int = 220) -> str:
    console = Console(width=wide)
    with console.capture() as text:
        if isinstance(print_to, Summary):
            print_summary(print_to, console)
        else:
            console.print(print_to)
    return text.get()


def test_a_summary_in_tables(summary: Summary) -> None:
    text = shown(summary)
    for row in summary.kernels:
        assert (f"│ {row.name} " in text) is row.computes, row.name
    assert f"{summary.total.luts:,}" in text and "board has" in text
    for title in ("kernels", "FIFOs deeper than the minimum", "Predicted cycles"):
        assert title in text
    assert "Memory ports" not in text and "Dies:" not in text  # of each there is one


def test_infrastructure_is_told_by_kind(summary: Summary) -> None:
    """Its rows have all of its parts and cells, and none of them hides most of the design."""
    rows = re.findall(r"│ (\d+) (x [^│]*?|others) +│ infrastructure +│(.*)│", shown(summary))
    hidden = [row for row in summary.kernels if not row.computes]
    assert sum(int(count) for count, _, _ in rows) == len(hidden)
    kinds = {row.kind for row in hidden}
    assert {what.removeprefix("x ") for _, what, _ in rows} <= kinds | {"others"}
    luts = [int(cells.split("│")[4].replace(",", "") or 0) for _, _, cells in rows]
    assert sum(luts) == sum(row.cells.luts for row in hidden)
    assert luts[:-1] == sorted(luts[:-1], reverse=True)
    others = [n for n, (_, what, _) in zip(luts, rows, strict=True) if what == "others"]
    assert max(luts) < summary.total.luts / 3 and sum(others) < summary.total.luts / 10


def test_converters_of_a_design(design: PlacedNetlist) -> None:
    text = shown(converter_table(design))
    parts = [i for i in design.instances if isinstance(i.part, ConverterSpec)]
    assert all(part.name in text for part in parts) and f"{len(parts)} converters" in text
    assert f"{sum(i.part.bits for i in parts if isinstance(i.part, ConverterSpec)):,}" in text
