# SPDX-License-Identifier: Apache-2.0
"""Everything about one edge in sentences with numbers: types, converter, FIFO, memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ..stream.difference import Difference, difference
from ..stream.itensor import ITensor
from .edges import Edge
from .facts import ConverterFacts, Facts, FlowFacts, PartFacts, StreamFacts
from .sizing import reason

__all__ = ["Section", "explain"]


@dataclass(frozen=True)
class Section:
    """A title and lines below it."""

    title: str
    lines: tuple[str, ...]


def explain(edge: Edge, facts: Facts) -> tuple[Section, ...]:
    """Why this edge looks as it does: what it carries, both types, converters, depths."""
    sections = [Section(str(edge), tuple(_carries(edge, facts)))]
    sections.append(Section("types", tuple(_types(edge))))
    for part in edge.through:
        if part.converter is not None:
            sections.append(Section(f"converter {part.name}", tuple(_converter(part, edge))))
    flows = {flow.stream: flow for flow in facts.flows}
    for hop in edge.hops:
        title = f"FIFO {hop.name}: {_depth(hop)}"
        sections.append(Section(title, tuple(_fifo(hop, flows.get(hop.name), facts))))
    return tuple(sections)


def _carries(edge: Edge, facts: Facts) -> Iterator[str]:
    last = edge.hops[-1]
    what = "control or memory beats" if edge.value is None else f"the value {edge.value}"
    often = {
        "body": f"once in each of {facts.layers} layers",
        "entry": "once a step",
        "tail": "once a step that ends in a token",
    }.get(edge.scope, "in every activation")
    yield f"carries {what}, {often}"
    shape = last.consumed.tensor_shape()
    if last.consumed.loops:
        yield (
            f"an activation has at most {_times(shape)} elements of {last.consumed.fmt}: "
            f"{edge.hops[0].produced.tokens():,} beats sent, {last.consumed.tokens():,} taken, "
            f"{last.bits} bits each"
        )
    if edge.through:
        yield "passes " + ", ".join(f"{part.name} ({part.kind.lower()})" for part in edge.through)
    crossed = [hop.dies for hop in edge.hops if hop.dies is not None]
    yield from (f"crosses from {a} to {b}" for a, b in crossed)


def _types(edge: Edge) -> Iterator[str]:
    produced, consumed = edge.hops[0].produced, edge.hops[-1].consumed
    apart = difference(produced, consumed)
    if apart is None:
        yield f"both    {produced}"
        if str(produced) != str(consumed):
            yield f"or      {consumed}: the same order in other loops"
        yield "one order: a FIFO is enough"
        return
    yield f"sent    {produced}"
    yield f"wanted  {consumed}"
    yield from _apart(apart)


def _apart(apart: Difference) -> Iterator[str]:
    if apart.loop is not None:
        sent, wanted = ("none" if loop is None else str(loop) for loop in apart.loops)
        yield f"first differing loop: number {apart.loop}, {sent} against {wanted}"
    if apart.beat is None:
        yield str(apart)
        return
    sent, wanted = ("nothing more" if at is None else str(at) for at in apart.offsets)
    values = ", ".join(f"{name} = {value}" for name, value in (apart.values or {}).items())
    yield (
        f"orders part at beat {apart.beat:,}{f' ({values})' if values else ''}: "
        f"{sent} is sent, {wanted} is wanted"
    )


def _converter(part: PartFacts, edge: Edge) -> Iterator[str]:
    facts = part.converter
    assert facts is not None
    at = next(n for n, hop in enumerate(edge.hops) if hop.sink.instance == part.name)
    source: ITensor = edge.hops[at].consumed
    shared = ", ".join(facts.shared) or "none"
    yield f"shared loops: {shared}; below them lies one block of {_times(facts.block)} elements"
    block = prod(facts.block)
    width = source.fmt.width
    yield (
        f"{facts.kind}: {facts.bits:,} bits; a block is {block:,} elements x {width} bits = "
        f"{block * width:,}"
    )
    yield f"two alternating blocks (ping-pong) would take {facts.pingpong_bits:,} bits"
    yield from _bound(facts)
    if facts.reuse > 1:
        yield f"each block is read {facts.reuse:,} times"
    if facts.follow:
        yield "the first read follows the writer word by word"


def _bound(facts: ConverterFacts) -> Iterator[str]:
    if facts.bound_bits is not None:
        share = facts.bits / max(1, facts.bound_bits)
        yield (
            f"live set: no converter of this pair can do with less than {facts.bound_bits:,} "
            f"bits; this one has {share:.2f} times that"
        )


def _depth(hop: StreamFacts) -> str:
    if not hop.depth:
        return "a wire, since the part in front of it ends in a queue"
    memory = f" in {hop.memory}" if hop.memory else ""
    return f"{hop.depth:,} beats x {hop.bits} bits = {hop.depth * hop.bits:,} bits{memory}"


def _fifo(hop: StreamFacts, flow: FlowFacts | None, facts: Facts) -> Iterator[str]:
    if flow is None:
        if hop.depth:
            yield "outside the linear program: no value of a layer waits here"
        return
    yield (
        f"{flow.tokens:,} beats; the first one {flow.offset:,.0f} cycles after "
        f"{flow.source} begins, and it waits {flow.delay:,.0f} cycles"
    )
    why = reason(flow, facts.flows)
    yield f"depth: {why.formula}"
    if hop.depth != max(flow.depth, 2):
        yield f"the program says {flow.depth:,}; {hop.depth:,} was decided"
    if flow.price:
        yield f"price: a cycle more of offset makes {flow.price:,.1f} more bits wait in all"
    if flow.delay < 0.5:
        yield f"binding row: {flow.sink} begins as soon as this stream lets it (slack 0)"
        return
    source, sink = why.begins
    yield (
        f"{flow.source} begins at {source:,.0f}, {flow.sink} only at {sink:,.0f}, "
        + ("through the rows without slack:" if why.path else "as late as its readers allow")
    )
    for step in why.path:
        sign = "+" if step.forward else "-"
        yield (
            f"  {sign} {step.flow.offset:>10,.0f}  {step.flow.source} -> {step.flow.sink}  "
            f"({step.flow.stream})"
        )
    if why.path:
        yield (
            f"  = {sink - source:>10,.0f}  this stream's own offset of {flow.offset:,.0f}, and "
            f"{flow.delay:,.0f} in which its first beat waits"
        )


def _times(sizes: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in sizes)
