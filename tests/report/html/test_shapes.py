# SPDX-License-Identifier: Apache-2.0
"""What a graph is drawn with: labels, lines through bends, the way back."""

from streamhw.report.facts import Facts
from streamhw.report.html.layout import DrawnNode, Layout
from streamhw.report.html.shapes import Box, arrow, back, draw, label, label_width, line
from tests.report.html.elements import read

A, B = DrawnNode("a", 60.0, 20.0), DrawnNode("b", 60.0, 20.0)
SIZES = {"a": A, "b": B}
LAYOUT = Layout(
    centres={"a": (40.0, 20.0), "b": (140.0, 120.0)},
    bends={("a", "b"): [(90.0, 70.0)]},
    width=200.0,
    height=140.0,
)


def test_a_label_says_type_and_depth(facts: Facts) -> None:
    deep = next(stream for stream in facts.streams if stream.name == "residual_1_i_a")
    found = read(label("a", deep, LAYOUT, A))
    depth = f"FIFO 64 \N{MULTIPLICATION SIGN} {deep.bits} bit"
    assert found.text[:2] == [str(deep.consumed), depth]
    assert found.seen[0][1]["class"] == "label"
    assert label_width(deep) > 5 * len(str(deep.consumed))
    wire = next(stream for stream in facts.streams if not stream.depth)
    assert read(label("a", wire, LAYOUT, A)).text[1] == "wire"


def test_a_line_goes_from_border_to_border(facts: Facts) -> None:
    stream = next(stream for stream in facts.streams if stream.value is not None)
    ((_, path),) = read(line("a", "b", LAYOUT, SIZES, {"a": stream})).seen
    assert path["d"] is not None and path["d"].startswith("M40.0 30.0C")
    assert path["d"].endswith(" 140.0 110.0") and path["marker-end"] == "url(#arrow)"
    ((_, first),) = read(line("a", "b", LAYOUT, SIZES, {"b": stream})).seen
    assert "marker-end" not in first  # a label is no end


def test_the_way_back_is_right_of_everything(facts: Facts) -> None:
    stream = facts.streams[0]
    ((_, path),) = read(back(stream, ("b", "a"), LAYOUT, SIZES)).seen
    assert path["d"] is not None and "230.0" in path["d"] and path["class"] == "stream back"


def test_boxes_and_the_arrow() -> None:
    found = read(draw(Box("a", ("a", ""), "fork", "says <this>"), LAYOUT, A))
    assert found.text == ["a"] and found.seen[0][1]["data-tip"] == "says <this>"
    assert found.seen[1][1]["rx"] == "10"  # round, as forks are
    assert read(arrow()).seen[0][1]["id"] == "arrow"
