# SPDX-License-Identifier: Apache-2.0
"""What the dataflow graph is drawn with: boxes, labels of streams, lines between them."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..facts import StreamFacts
from .layout import DrawnNode, Layout
from .markup import Html, tag

__all__ = ["Box", "arrow", "back", "draw", "label", "label_width", "line"]

SMALL = 5.45
"""Pixels of a character in a label."""


@dataclass(frozen=True)
class Box:
    """A kernel (or one matrix product of a shared engine), converter or fork."""

    name: str
    lines: tuple[str, ...]
    cls: str
    tip: str


def label_width(stream: StreamFacts) -> float:
    return max(len(str(stream.consumed)), len(_depth(stream))) * SMALL + 8


def _depth(stream: StreamFacts) -> str:
    if not stream.depth:
        return "wire"
    return f"FIFO {stream.depth:,} \N{MULTIPLICATION SIGN} {stream.bits} bit"


def label(name: str, stream: StreamFacts, layout: Layout, node: DrawnNode) -> Html:
    x, y = layout.centres[name]
    deep = "deep" if stream.depth > 2 else None
    return tag(
        "g",
        tag("rect", x=x - node.width / 2, y=y - 10.5, width=node.width, height=21, rx=3),
        tag("text", str(stream.consumed), x=x, y=y - 1.5),
        tag("text", _depth(stream), x=x, y=y + 8, cls=deep),
        cls="label",
        data_tip=_tip(stream),
        data_edge=stream.name,
    )


def _tip(stream: StreamFacts) -> str:
    lines = [
        f"{stream.source} \N{RIGHTWARDS ARROW} {stream.sink}",
        f"carries {stream.value}",
        str(stream.consumed),
        f"{stream.consumed.beats():,} beats of {stream.bits} bits at most",
        _depth(stream) + (f" in {stream.memory}" if stream.memory else ""),
    ]
    if stream.dies is not None:
        lines.append(f"crosses from {stream.dies[0]} to {stream.dies[1]}")
    return "\n".join(lines)


def draw(box: Box, layout: Layout, node: DrawnNode) -> Html:
    x, y = layout.centres[box.name]
    lines = [line for line in box.lines if line]
    top = y - 6.5 * (len(lines) - 1) + 3.5
    return tag(
        "g",
        tag(
            "rect",
            x=x - node.width / 2,
            y=y - node.height / 2,
            width=node.width,
            height=node.height,
            rx=node.height / 2 if box.cls == "fork" else 4,
        ),
        *(
            tag("text", line, x=x, y=top + 13 * i, cls="kind" if i else None)
            for i, line in enumerate(lines)
        ),
        cls=f"box {box.cls}",
        data_tip=box.tip,
    )


def line(
    source: str,
    sink: str,
    layout: Layout,
    sizes: dict[str, DrawnNode],
    labels: dict[str, StreamFacts],
) -> Html:
    """A smooth line down through the bends; the half that ends at a box has the arrow."""
    x0, y0 = layout.centres[source]
    x1, y1 = layout.centres[sink]
    points = [
        (x0, y0 + sizes[source].height / 2),
        *layout.bends[source, sink],
        (x1, y1 - sizes[sink].height / 2),
    ]
    into = sink not in labels
    stream = labels[source if into else sink]
    return tag(
        "path",
        d="".join(_curve(points)),
        cls="stream deep" if stream.depth > 2 else "stream",
        marker_end="url(#arrow)" if into else None,
        data_edge=stream.name,
    )


def _curve(points: list[tuple[float, float]]) -> Iterator[str]:
    (x, y), *rest = points
    yield f"M{x:.1f} {y:.1f}"
    for to_x, to_y in rest:
        if abs(to_x - x) < 0.5:
            yield f"L{to_x:.1f} {to_y:.1f}"
        else:
            middle = (y + to_y) / 2
            yield f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y


def back(
    stream: StreamFacts, ends: tuple[str, str], layout: Layout, sizes: dict[str, DrawnNode]
) -> Html:
    """The way from the end of a layer to its begin, right of everything."""
    source, sink = ends
    (x0, y0), (x1, y1) = layout.centres[source], layout.centres[sink]
    x0, x1 = x0 + sizes[source].width / 2, x1 + sizes[sink].width / 2
    right = layout.width + 30
    path = (
        f"M{x0:.1f} {y0:.1f}H{right - 12:.1f}Q{right:.1f} {y0:.1f} {right:.1f} {y0 - 12:.1f}"
        f"V{y1 + 12:.1f}Q{right:.1f} {y1:.1f} {right - 12:.1f} {y1:.1f}H{x1:.1f}"
    )
    return tag("path", d=path, cls="stream back", marker_end="url(#arrow)", data_tip=_tip(stream))


def arrow() -> Html:
    return tag(
        "marker",
        tag("path", d="M0 0L8 4L0 8z"),
        id="arrow",
        viewBox="0 0 8 8",
        refX="7",
        refY="4",
        markerUnits="userSpaceOnUse",
        markerWidth="8",
        markerHeight="8",
        orient="auto",
    )
