# SPDX-License-Identifier: Apache-2.0
"""What a graph is drawn with: boxes and labels that can be opened, lines, the way back."""

from streamhw.report.facts import Facts
from streamhw.report.html.boxes import boxes_of
from streamhw.report.html.layout import Layout
from streamhw.report.html.shapes import Canvas, DrawnShape, arrow, depth_text
from tests.report.html.elements import read

A = DrawnShape("a", ("name", "what"), "box fork", "part a", 'says "<this>"')
B = DrawnShape("b", ("name",), "box", "part b", "says")
LAYOUT = Layout(
    centres={"a": (40.0, 20.0), "b": (140.0, 120.0)},
    bends={("a", "b"): ((90.0, 70.0),)},
    width=200.0,
    height=140.0,
)
CANVAS = Canvas(LAYOUT, {"a": A, "b": B})


def test_a_label_says_type_and_depth(facts: Facts) -> None:
    deep = next(stream for stream in facts.streams if stream.name == "residual_1_i_a")
    made = DrawnShape.label("there", deep)
    assert made.lines == (
        "1\N{MULTIPLICATION SIGN}4 of s24.16",
        f"FIFO 64 \N{MULTIPLICATION SIGN} {deep.bits} bit",
    )
    assert (made.cls, made.opens) == ("label deep", "edge residual_1_i_a")
    wire = next(stream for stream in facts.streams if not stream.depth)
    assert depth_text(wire) == "wire" and DrawnShape.label("there", wire).cls == "label"


def test_boxes_are_buttons_as_wide_as_their_text() -> None:
    found = read(CANVAS.shape("a"))
    _, box = found.seen[0]
    assert (box["data-node"], box["data-open"], box["role"]) == ("a", "part a", "button")
    assert box["aria-label"] == 'says "<this>"' and box["tabindex"] == "-1"
    assert found.text == ["name", "what"]
    rect = float(found.seen[1][1]["width"] or 0)
    assert rect == A.node.width > 4 * 8


def test_a_line_goes_from_border_to_border() -> None:
    line = CANVAS.line("a", "b", "edge x", cls="stream")
    (_, group), (_, near), (_, path) = read(line).seen
    assert (group["data-from"], group["data-to"], group["data-open"]) == ("a", "b", "edge x")
    top, bottom = 20 + A.node.height / 2, 120 - B.node.height / 2
    assert path["d"] is not None and path["d"].startswith(f"M40.0 {top:.1f}C")
    assert path["d"].endswith(f" 140.0 {bottom:.1f}") and path["marker-end"] == "url(#arrow)"
    assert near == {"d": path["d"], "class": "near"}
    (*_, (_, half)) = read(CANVAS.line("a", "b", "edge x", cls="stream", ends=False)).seen
    assert "marker-end" not in half  # a label is no end


def test_the_way_back_is_right_of_everything() -> None:
    (*_, (_, path)) = read(CANVAS.back("b", "a", "edge x")).seen
    assert path["d"] is not None and "230.0" in path["d"] and path["class"] == "stream back"
    assert read(arrow()).seen[0][1]["id"] == "arrow"


def test_a_box_in_short_and_in_full(facts: Facts) -> None:
    box = boxes_of(facts)["qkv"]
    assert DrawnShape.of(box, whole=False).lines == ("qkv",)
    whole = DrawnShape.of(box, whole=True)
    assert whole.lines == ("qkv", "on matmul_w8") and whole.opens == "part qkv"
