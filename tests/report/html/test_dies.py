# SPDX-License-Identifier: Apache-2.0
"""The die map: all parts of each die, the small ones together."""

from dataclasses import replace

from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.report.facts import Facts, PartKind
from streamhw.report.html.dies import dies
from streamhw.report.summary import DieRow, Summary
from tests.report.html.elements import read


def test_one_die(facts: Facts, summary: Summary) -> None:
    names = {part.name for part in facts.parts if part.kind is PartKind.CONVERTER}
    large = max((row for row in summary.kernels if row.name in names), key=lambda r: r.cells.luts)
    rows = tuple(
        replace(row, cells=replace(row.cells, luts=2000)) if row is large else row
        for row in summary.kernels
    )
    found = read(dies(facts, replace(summary, kernels=rows)))
    words = " ".join(found.text)
    assert "All parts are on one die." in words and " others" in words
    drawn = [a.get("class") for name, a in found.seen if name == "g"]
    assert drawn.count("product") == 1 and "converter" in drawn and drawn.count("outside") == 1


def test_streams_between_two_dies(facts: Facts, summary: Summary) -> None:
    (die,) = summary.dies
    other = DieRow(name="upper", memory=False, parts=0, cells=Cells(), budget=die.budget)
    streams = tuple(
        replace(s, dies=(die.name, "upper")) if s.name == "norm_1_i" else s for s in facts.streams
    )
    two = replace(summary, dies=(die, other), crossing_bits=77)
    found = read(dies(replace(facts, streams=streams), two))
    words = " ".join(found.text)
    assert "1 streams cross between dies" in words and "77 wires" in words
    assert "norm_1_i" in words and "external memory" in words
    bits = next(s.bits for s in streams if s.name == "norm_1_i")
    assert f"{bits:,} bits of streams between these two" in words
