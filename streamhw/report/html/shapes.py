# SPDX-License-Identifier: Apache-2.0
"""What the dataflow graph is drawn with: boxes, labels of streams, lines between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..facts import StreamFacts
from .boxes import Box, short_type
from .layout import DrawnNode, Layout
from .markup import Content, Html, tag

__all__ = ["Canvas", "DrawnShape", "arrow", "depth_text"]

LETTER = 8.0
"""Pixels of a character of a box's name, of a wide font."""
SMALL = 6.9
"""Pixels of a character in smaller text."""
LINE = 15.0
"""Pixels from a line of text to the next."""


@dataclass(frozen=True)
class DrawnShape:
    """A box or a label in a drawing.

    name: in this drawing; lines: of text, the first one larger in boxes; cls: of its look
    opens: what a click tells everything about; says: the same in a few words
    """

    name: str
    lines: tuple[str, ...]
    cls: str
    opens: str
    says: str

    @classmethod
    def of(cls, box: Box, *, whole: bool) -> "DrawnShape":
        """A box; ``whole``: with all its lines, else with its name."""
        lines = box.lines if whole else (box.name,)
        says = f"{box.name}, {box.what}"
        return cls(box.name, lines, f"box {box.cls}", f"part {box.name}", says)

    @classmethod
    def label(cls, name: str, stream: StreamFacts) -> "DrawnShape":
        """The label of a stream: what a beat is, and its queue."""
        deep = " deep" if stream.depth > 2 else ""
        says = f"{stream.source} to {stream.sink}, {depth_text(stream)}"
        lines = (short_type(stream.consumed), depth_text(stream))
        return cls(name, lines, f"label{deep}", f"edge {stream.name}", says)

    @property
    def node(self) -> DrawnNode:
        """What the layout needs to know."""
        first, *rest = self.lines
        large = LETTER if self.cls.startswith("box") else SMALL
        width = max(len(first) * large, *(len(line) * SMALL for line in rest), 12.0)
        return DrawnNode(self.name, width + 18, LINE * len(self.lines) + 9)


def depth_text(stream: StreamFacts) -> str:
    """The queue of a stream."""
    if not stream.depth:
        return "wire"
    return f"FIFO {stream.depth:,} \N{MULTIPLICATION SIGN} {stream.bits} bit"


class Canvas:
    """Draws shapes and lines at the places of a layout."""

    def __init__(self, layout: Layout, shapes: Mapping[str, DrawnShape]):
        self._layout = layout
        self._shapes = shapes
        self._nodes = {name: shape.node for name, shape in shapes.items()}

    def shape(self, name: str) -> Html:
        """A box or a label: a button for keys and mouse."""
        shape, node = self._shapes[name], self._nodes[name]
        x, y = self._layout.centres[name]
        top = y - LINE / 2 * (len(shape.lines) - 1) + 4.5
        return tag(
            "g",
            tag("rect", x=x - node.width / 2, y=y - node.height / 2, width=node.width,
                height=node.height, rx=5),
            *(tag("text", line, x=x, y=top + LINE * i, cls="kind" if i else None)
              for i, line in enumerate(shape.lines)),
            cls=shape.cls,
            data_node=name,
            data_open=shape.opens,
            role="button",
            tabindex="-1",
            aria_label=shape.says,
        )  # fmt: skip

    def line(self, source: str, sink: str, opens: str, *, cls: str, ends: bool = True) -> Html:
        """A smooth line down through the bends; ``ends``: with an arrow."""
        x0, y0 = self._layout.centres[source]
        x1, y1 = self._layout.centres[sink]
        points = [
            (x0, y0 + self._nodes[source].height / 2),
            *self._layout.bends[source, sink],
            (x1, y1 - self._nodes[sink].height / 2),
        ]
        return self._path("".join(_curve(points)), source, sink, opens, cls, ends)

    def back(self, source: str, sink: str, opens: str) -> Html:
        """The way from the end of a layer to its begin, right of everything."""
        (x0, y0), (x1, y1) = self._layout.centres[source], self._layout.centres[sink]
        x0, x1 = x0 + self._nodes[source].width / 2, x1 + self._nodes[sink].width / 2
        right = self._layout.width + 30
        path = (
            f"M{x0:.1f} {y0:.1f}H{right - 12:.1f}Q{right:.1f} {y0:.1f} {right:.1f} {y0 - 12:.1f}"
            f"V{y1 + 12:.1f}Q{right:.1f} {y1:.1f} {right - 12:.1f} {y1:.1f}H{x1:.1f}"
        )
        return self._path(path, source, sink, opens, "stream back", True)

    def _path(self, path: str, source: str, sink: str, opens: str, cls: str, ends: bool) -> Html:
        # A wide line that is not seen is easier to point at.
        marker: Content = "url(#arrow)" if ends else None
        return tag(
            "g",
            tag("path", d=path, cls="near"),
            tag("path", d=path, cls=cls, marker_end=marker),
            cls="line",
            data_from=source,
            data_to=sink,
            data_open=opens,
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


def arrow() -> Html:
    """The head of a line."""
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
