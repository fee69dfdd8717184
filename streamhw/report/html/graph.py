# SPDX-License-Identifier: Apache-2.0
"""The dataflow graph, twice: kernels only, and all parts with a label on every stream."""

from ..edges import edges_of
from ..facts import Facts
from .boxes import boxes_of, ends, is_back
from .chart import keys
from .layout import Layout, lay_out
from .markup import Html, section, tag
from .shapes import Canvas, DrawnShape, arrow

__all__ = ["graph", "way"]

BUTTONS = (
    ("+", "in", "larger"),
    ("\N{MINUS SIGN}", "out", "smaller"),
    ("fit", "fit", "all of it, as small as can be read"),
    ("1:1", "one", "natural size"),
)
MARGIN = 14.0
TITLES = {"kernels": "Kernels", "parts": "All parts"}
LEGEND = (
    ("kernel", "kernel"),
    ("product", "product on a shared engine"),
    ("converter", "layout converter"),
    ("fork", "fork or register slice"),
    ("outside", "memory, loop, sequencer"),
    ("through", "a line through a converter"),
    ("deep", "a FIFO of more than 2 beats"),
)


def graph(facts: Facts) -> Html:
    """The section."""
    shown = sum(stream.value is not None for stream in facts.streams)
    tabs = (
        tag("button", title, type="button", data_view=name,
            aria_pressed="true" if name == "kernels" else "false")
        for name, title in TITLES.items()
    )  # fmt: skip
    zoom = (tag("button", text, type="button", data_zoom=what, title=says, aria_label=says)
            for text, what, says in BUTTONS)  # fmt: skip
    legend = tag("p", keys(*LEGEND), cls="legend")
    return section(
        "dataflow",
        "Dataflow",
        f"Kernels and the values between them, or all parts with all {shown} streams; the dashed "
        f"line goes back for the next of {facts.layers} layers. A click, or Enter, shows "
        "everything about a box or a line. Arrow keys go along the data; drag to move, Ctrl and "
        "wheel to zoom.",
        legend,
        tag(
            "div",
            tag("div", tag("span", *tabs, cls="tabs"), *zoom, cls="controls"),
            # Apart from both drawings, of which one is hidden.
            tag("svg", tag("defs", arrow()), width=0, height=0, aria_hidden="true"),
            tag("div", _kernels(facts), _parts(facts), cls="canvas"),
            cls="graph",
        ),
    )


def way(name: str, streams: int) -> str:
    """What the page calls the details of an edge: several streams, or the only one."""
    return f"way {name}" if streams > 1 else f"edge {name}"


def _kernels(facts: Facts) -> Html:
    """Boxes of what computes; a line for each value's way between two of them."""
    shapes = {
        name: DrawnShape.of(box, whole=False)
        for name, box in boxes_of(facts).items()
        if not box.part.passes
    }
    ways = [edge for edge in edges_of(facts) if edge.value is not None]
    down = {ends(edge): edge for edge in ways if not is_back(edge)}
    layout = lay_out([shape.node for shape in shapes.values()], list(down), layer_gap=20.0)
    canvas = Canvas(layout, shapes)
    lines = []
    for (source, sink), edge in down.items():
        deep = " deep" if any(stream.depth > 2 for stream in edge.streams) else ""
        through = " through" if any(part.converter for part in edge.through) else ""
        opens = way(edge.name, len(edge.streams))
        lines.append(canvas.line(source, sink, opens, cls=f"stream{deep}{through}"))
    lines += [
        canvas.back(*ends(edge), way(edge.name, len(edge.streams)))
        for edge in ways
        if is_back(edge)
    ]
    return _drawing("kernels", layout, [*lines, *map(canvas.shape, shapes)], font=13.0)


def _parts(facts: Facts) -> Html:
    """Boxes of all parts; a label on each stream."""
    shapes = {name: DrawnShape.of(box, whole=True) for name, box in boxes_of(facts).items()}
    streams = [stream for stream in facts.streams if stream.value is not None]
    halves: list[tuple[str, str]] = []
    labels: dict[str, str] = {}
    for stream in streams:
        if not is_back(stream):
            name = labels[stream.name] = f"stream {stream.name}"
            shapes[name] = DrawnShape.label(name, stream)
            source, sink = ends(stream)
            halves += [(source, name), (name, sink)]
    layout = lay_out([shape.node for shape in shapes.values()], halves, layer_gap=16.0)
    canvas = Canvas(layout, shapes)
    lines = []
    for stream in streams:
        source, sink = ends(stream)
        opens = f"edge {stream.name}"
        if is_back(stream):
            lines.append(canvas.back(source, sink, opens))
            continue
        name = labels[stream.name]
        cls = "stream deep" if stream.depth > 2 else "stream"
        lines.append(canvas.line(source, name, opens, cls=cls, ends=False))
        lines.append(canvas.line(name, sink, opens, cls=cls))
    return _drawing("parts", layout, [*lines, *map(canvas.shape, shapes)], font=11.5)


def _drawing(name: str, layout: Layout, drawn: list[Html], *, font: float) -> Html:
    """``font``: pixels of its smallest text at natural size."""
    width, height = layout.width + 2 * MARGIN + 30, layout.height + 2 * MARGIN
    return tag(
        "svg",
        tag("g", *drawn, cls="world", transform=f"translate({MARGIN:.0f},{MARGIN:.0f})"),
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        data_drawing=name,
        data_width=f"{width:.0f}",
        data_height=f"{height:.0f}",
        data_font=f"{font:g}",
        role="group",
        aria_label=f"dataflow graph, {TITLES[name].lower()}",
        hidden=None if name == "kernels" else "",
    )
