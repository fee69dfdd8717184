# SPDX-License-Identifier: Apache-2.0
"""The tables that a build ends with show each kernel, and everything else as a sum."""

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
        assert (f" {row.name} " in text) is row.computes, row.name
    hidden = sum(not row.computes for row in summary.kernels)
    assert f"{hidden} infrastructure instances" in text
    assert f"{summary.total.luts:,}" in text and "board has" in text
    for title in ("kernels", "FIFOs deeper than the minimum", "Predicted cycles"):
        assert title in text
    assert "Memory ports" not in text and "Dies:" not in text  # of each there is one


def test_converters_of_a_design(design: PlacedNetlist) -> None:
    text = shown(converter_table(design))
    parts = [i for i in design.instances if isinstance(i.part, ConverterSpec)]
    assert all(part.name in text for part in parts) and f"{len(parts)} converters" in text
    assert f"{sum(i.part.bits for i in parts if isinstance(i.part, ConverterSpec)):,}" in text
