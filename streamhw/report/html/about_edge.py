# SPDX-License-Identifier: Apache-2.0
"""Everything about a stream or an edge: types as loop nests, why its depth, what was measured."""

from collections.abc import Iterator

from ...stream.itensor.compare import difference
from ..edges import DataflowEdge
from ..explain import Section, explain
from ..facts import Facts, FlowFacts
from ..measured import Measured
from .depth import depth
from .markup import Content, Html, opener, tag
from .nest import nest
from .shapes import depth_text
from .shares import Share, shares

__all__ = ["about_edge"]


def about_edge(edge: DataflowEdge, facts: Facts, measured: Measured | None) -> Html:
    """Its parts, in the order of what flows."""
    carries, _, *others = explain(edge, facts)
    converters = len(others) - len(edge.streams)
    flows = {flow.stream: flow for flow in facts.flows}
    return tag(
        "div",
        *(tag("p", line) for line in carries.lines),
        _chain(edge),
        *_types(edge),
        *(_lines(section) for section in others[:converters]),
        *(
            _queue(section, edge, place, flows, measured)
            for place, section in enumerate(others[converters:])
        ),
    )


def _chain(edge: DataflowEdge) -> Html:
    """From the source to the sink, with what is between them."""
    steps: list[Content] = [opener("part", edge.source.instance)]
    for place, stream in enumerate(edge.streams):
        steps.append(f" \N{RIGHTWARDS ARROW} {depth_text(stream)} \N{RIGHTWARDS ARROW} ")
        at = edge.through[place].name if place < len(edge.through) else edge.sink.instance
        steps.append(opener("part", at))
    return tag("p", *steps, cls="chain")


def _types(edge: DataflowEdge) -> Iterator[Html]:
    produced, consumed = edge.streams[0].produced, edge.streams[-1].consumed
    apart = difference(produced, consumed)
    if apart is None:
        yield nest(consumed, "Type of the stream")
        return
    # The loop that differs is a place in the normal forms.
    yield nest(produced.normal(), f"As {edge.source.instance} sends it", apart.loop)
    yield nest(consumed.normal(), f"As {edge.sink.instance} takes it", apart.loop)
    if apart.beat is not None:
        sent, wanted = ("nothing more" if at is None else str(at) for at in apart.offsets)
        text = f"The orders part at beat {apart.beat:,}: {sent} is sent, {wanted} is wanted."
        yield tag("p", text)


def _lines(section: Section) -> Html:
    return tag("div", tag("h4", section.title), *(tag("p", line) for line in section.lines))


def _queue(
    section: Section,
    edge: DataflowEdge,
    place: int,
    flows: dict[str, FlowFacts],
    measured: Measured | None,
) -> Html:
    stream = edge.streams[place]
    flow = flows.get(stream.name)
    return tag(
        "div",
        tag("h4", section.title),
        None if flow is None else depth(flow),
        tag("pre", "\n".join(section.lines)) if section.lines else None,
        _waits(stream.name, stream.depth, measured),
        cls="queue",
    )


def _waits(name: str, room: int, measured: Measured | None) -> Html | None:
    """What a run saw at its handshake, in cycles."""
    if measured is None or (seen := measured.streams.get(name)) is None:
        return None
    cycles = max(sum(measured.token_cycles), seen.transfers + seen.blocked + seen.starved, 1)
    rest = cycles - seen.transfers - seen.blocked - seen.starved
    peak = measured.peaks.get(name)
    full = "" if peak is None or not room else f" At most {peak:,} of {room:,} beats waited."
    return tag(
        "div",
        tag("p", f"Measured in a run of {cycles:,} cycles: {seen.transfers:,} beats passed; "
            f"{seen.blocked:,} cycles one was offered and not taken, {seen.starved:,} cycles one "
            f"was wanted and not there.{full}"),
        shares(
            [
                Share("passed", seen.transfers, "fill-teal"),
                Share("offered, not taken", seen.blocked, "fill-amber"),
                Share("wanted, not there", seen.starved, "fill-blue"),
                Share("neither", rest, "fill-none"),
            ]
        ),
        cls="waits",
    )  # fmt: skip
