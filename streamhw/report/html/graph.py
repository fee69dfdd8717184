# SPDX-License-Identifier: Apache-2.0
"""The dataflow graph: kernels, converters and forks in layers, a type on every stream."""

from ...stream.spec import Role
from ..facts import Facts, PartFacts, PartKind, StreamFacts
from .layout import DrawnNode, lay_out
from .markup import Html, join, section, tag
from .shapes import Box, arrow, back, draw, label, label_width, line

__all__ = ["graph"]

LETTER = 6.7
"""Pixels of a character in a box."""
BUTTONS = (
    ("+", "in", "larger"),
    ("\N{MINUS SIGN}", "out", "smaller"),
    ("fit", "fit", "all of it"),
    ("1:1", "one", "natural size"),
)
MARGIN = 16.0


def graph(facts: Facts) -> Html:
    """The section."""
    shown = [s for s in facts.streams if s.value is not None]
    parts = {part.name: part for part in facts.parts}
    boxes: dict[str, Box] = {}
    edges: list[tuple[str, str]] = []
    returns: list[StreamFacts] = []
    labels: dict[str, StreamFacts] = {}
    for stream in shown:
        ends = _ends(stream)
        for name, instance in zip(
            ends, (stream.source.instance, stream.sink.instance), strict=True
        ):
            boxes.setdefault(name, _box(name, instance, parts[instance]))
        if stream.source_port.role is Role.LOOP_BACK:
            returns.append(stream)
            continue
        name = f"stream {stream.name}"
        labels[name] = stream
        edges += [(ends[0], name), (name, ends[1])]
    nodes = [DrawnNode(b.name, max(map(len, b.lines)) * LETTER + 22, 13.0 * len(b.lines) + 11)
             for b in boxes.values()]  # fmt: skip
    nodes += [DrawnNode(name, label_width(s), 21.0) for name, s in labels.items()]
    layout = lay_out(nodes, edges)
    sizes = {node.name: node for node in nodes}
    drawn = [
        *(line(source, sink, layout, sizes, labels) for source, sink in dict.fromkeys(edges)),
        *(back(stream, _ends(stream), layout, sizes) for stream in returns),
        *(label(name, stream, layout, sizes[name]) for name, stream in labels.items()),
        *(draw(box, layout, sizes[box.name]) for box in boxes.values()),
    ]
    width, height = layout.width + 2 * MARGIN + 60, layout.height + 2 * MARGIN
    svg = tag(
        "svg",
        tag("defs", arrow()),
        tag("g", *drawn, cls="world", transform=f"translate({MARGIN:.0f},{MARGIN:.0f})"),
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        data_width=f"{width:.0f}",
        data_height=f"{height:.0f}",
        role="img",
        aria_label="dataflow graph",
    )
    buttons = (tag("button", text, type="button", data_zoom=what, title=says)
               for text, what, says in BUTTONS)  # fmt: skip
    controls = tag("div", *buttons, cls="controls")
    legend = tag("p", *(
        join((tag("span", "", cls=f"key {cls}"), f" {says} "))
        for cls, says in (("kernel", "kernel"), ("product", "product on a shared engine"),
                          ("converter", "layout converter"), ("fork", "fork"),
                          ("outside", "memory, loop, sequencer"))
    ), cls="legend")  # fmt: skip
    return section(
        "dataflow",
        "Dataflow",
        f"All {len(shown)} streams that carry values, each with its type and its FIFO; the dashed "
        f"line goes back for the next of {facts.layers} layers. Drag to move, Ctrl and wheel to "
        "zoom, point at anything for more.",
        legend,
        tag("div", controls, svg, cls="graph"),
    )


def _ends(stream: StreamFacts) -> tuple[str, str]:
    """Names of the boxes; an engine has one for each product, the sequencer one for each side."""
    one = stream.source_port.context or stream.source.instance
    other = stream.sink_port.context or stream.sink.instance
    return one, f"{other} (next step)" if stream.sink_port.role is Role.NEXT_TOKEN else other


def _box(name: str, instance: str, part: PartFacts) -> Box:
    die = "" if part.die is None else f"\non {part.die}"
    on = instance if instance != name else ""
    tip = f"{name}\n{part.label} {on}\nscope: {part.scope.value}{die}"
    if part.converter is not None:
        c = part.converter
        block = "\N{MULTIPLICATION SIGN}".join(map(str, c.block))
        bound = "" if c.bound_bits is None else f"\npeak live elements {c.bound_bits:,} bits"
        tip += (
            f"\n{c.kind}, {c.bits:,} bits (ping-pong {c.pingpong_bits:,}){bound}"
            f"\nshared loops: {', '.join(c.shared) or 'none'}"
        )
        return Box(name, (f"convert {block}", f"{c.bits:,} bits"), "converter", tip)
    if part.kind is PartKind.FORK:
        return Box(name, (part.label,), "fork", tip)
    if part.kind is PartKind.ENGINE:
        return Box(name, (name, f"on {instance}"), "product", tip)
    if part.kind in (PartKind.MEMORY, PartKind.INFRASTRUCTURE):
        return Box(name, (name, part.label), "outside", tip)
    return Box(name, (name, part.label), "kernel", tip)
