# SPDX-License-Identifier: Apache-2.0
"""The formula of a depth, with the numbers of the schedule."""

import pytest

from streamhw.compiler.fifo import READ
from streamhw.compiler.fifo.constraints import depth_of
from streamhw.report.facts import FlowFacts
from streamhw.report.html.depth import depth
from tests.report.html.elements import read

FLOW = FlowFacts(
    stream="s",
    invocation="layer",
    symbol_values="",
    source="a",
    sink="b",
    beats=11,
    written=(5.0, 15.0),
    read=(40.0, 65.0),
    beat=0,
    delay=34.0,
    peak=11,
    depth=11,
)


def test_lines_of_writes_and_reads() -> None:
    words = "".join(read(depth(FLOW)).text)
    assert "w(i) = 5 + 1.00 i" in words and "r(i) = 40 + 2.50 i" in words
    assert f"r(i) + {READ:g} for all i }} = 11" in words and "cycle 5" in words
    assert "beats written in cycles 5 to 15, read in 40 to 65" in depth(FLOW)


@pytest.mark.parametrize(
    ("written", "read_at"),
    [((0.0, 20.0), (5.0, 25.0)), ((0.0, 10.0), (3.0, 43.0)), ((0.0, 50.0), (2.0, 52.0))],
    ids=str,
)
def test_the_formula_is_the_one_of_the_compiler(
    written: tuple[float, float], read_at: tuple[float, float]
) -> None:
    beats = 11
    cycles = [[a + (b - a) / (beats - 1) * i for i in range(beats)] for a, b in (written, read_at)]
    least = next(
        d
        for d in range(1, beats + 1)
        if all(cycles[0][i + d] >= cycles[1][i] + READ for i in range(beats - d))
    )
    assert depth_of((0, beats - 1), written, read_at) == least


def test_one_beat_has_no_slope() -> None:
    facts = {**vars(FLOW), "beats": 1, "written": (5.0, 5.0), "read": (7.0, 7.0)}
    assert "w(i) = 5\n" in "".join(read(depth(FlowFacts(**facts))).text)
