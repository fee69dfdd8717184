# SPDX-License-Identifier: Apache-2.0
"""scripts/draw_streams.py: committed figures are what it draws, and what it counts is exact."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts import draw_streams
from streamhw.numerics.fixed import Fixed
from streamhw.stream.converter.peak_live import peak_live
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
LARGEST = 32_000


@pytest.mark.parametrize("name", ["converter.svg", "fifo.svg", "formats.svg", "types.svg"])
def test_figures_are_current(name: str) -> None:
    drawn = draw_streams.figures()[name]
    assert (FIGURES / name).read_text() == drawn, "run python scripts/draw_streams.py"
    assert ElementTree.fromstring(drawn).tag.endswith("svg") and len(drawn) < LARGEST


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_live_elements_have_the_peak_that_no_converter_is_below(lanes: int) -> None:
    tokens = Symbol("tokens", 4)
    rows = row_major(Fixed(8), (tokens, 16), lanes=lanes)
    blocks = ITensor(Fixed(8), (1, 4), (Loop(2, 8, 1), Loop(tokens, 1, 0), Loop(2, 4, 1)))
    for source, target in ((rows, blocks), (blocks, rows), (rows, rows)):
        counts = draw_streams.live_elements(source, target)
        assert max(counts) == peak_live(source, target).elements
        assert counts[-1] == target.lanes and len(counts) == target.beats()


def test_a_type_has_a_square_for_each_beat() -> None:
    drawn = ElementTree.fromstring(draw_streams.figures()["types.svg"])
    numbers = [int(e.text) for e in drawn.iter() if e.text and e.text.isdecimal()]
    assert numbers == [*range(64), *range(64)]
    places = [(e.get("x"), e.get("y")) for e in drawn.iter() if e.get("width") == "30"]
    assert len(set(places)) == 128


def test_bits_are_aligned_at_the_point() -> None:
    made = draw_streams.design()
    known = {c.value: c.consumed.fmt for c in made.channels if c.value}
    drawn = ElementTree.fromstring(draw_streams.figures()["formats.svg"])
    bars = [e for e in drawn.iter() if e.get("height") == "16"]
    assert len(bars) == len(draw_streams.VALUES)
    ends = {}
    for name, bar in zip(draw_streams.VALUES, bars, strict=True):
        assert int(bar.get("width")) == known[name].width * draw_streams.BIT
        ends[known[name].frac] = int(bar.get("x")) + int(bar.get("width"))
    for one, other in pairwise(sorted(ends)):
        assert ends[other] - ends[one] == (other - one) * draw_streams.BIT
