# SPDX-License-Identifier: Apache-2.0
"""Everything about one edge in sentences with numbers: types, converter, FIFO, memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ..compiler.fifo.deadlock import WaitReason
from ..compiler.fifo.event import FIRST, LAST, Event, Side
from ..compiler.performance.task_graph import CARRIED
from ..stream.control.scope import Scope
from ..stream.itensor.compare import TypeDifference, difference
from ..stream.itensor.itensor import ITensor
from .edges import DataflowEdge
from .facts import ConverterFacts, Facts, FlowFacts, PartFacts, StreamFacts

__all__ = ["Section", "explain"]


@dataclass(frozen=True)
class Section:
    """A title and lines below it."""

    title: str
    lines: tuple[str, ...]


def explain(edge: DataflowEdge, facts: Facts) -> tuple[Section, ...]:
    """Why this edge looks as it does: what it carries, both types, converters, depths."""
    sections = [Section(str(edge), tuple(_carries(edge, facts)))]
    sections.append(Section("types", tuple(_types(edge))))
    for part in edge.through:
        if part.converter is not None:
            sections.append(Section(f"converter {part.name}", tuple(_converter(part, edge))))
    flows = {flow.stream: flow for flow in facts.flows}
    for stream in edge.streams:
        title = f"FIFO {stream.name}: {_depth(stream)}"
        lines = (*_fifo(stream, flows.get(stream.name)), *(_proof(stream) if stream.depth else ()))
        sections.append(Section(title, lines))
    return tuple(sections)


def _carries(edge: DataflowEdge, facts: Facts) -> Iterator[str]:
    last = edge.streams[-1]
    what = "control or memory beats" if edge.value is None else f"the value {edge.value}"
    often = {
        Scope.BODY: f"once in each of {facts.layers} layers",
        Scope.ENTRY: "once a step",
        Scope.TAIL: "once a step that ends in a token",
    }.get(edge.scope, "in every invocation")
    yield f"carries {what}, {often}"
    shape = last.consumed.tensor_shape()
    if last.consumed.loops:
        yield (
            f"an invocation has at most {_times(shape)} elements of {last.consumed.fmt}: "
            f"{edge.streams[0].produced.beats():,} beats sent, {last.consumed.beats():,} taken, "
            f"{last.bits} bits each"
        )
    if edge.through:
        yield "passes " + ", ".join(f"{part.name} ({part.label.lower()})" for part in edge.through)
    crossed = [stream.dies for stream in edge.streams if stream.dies is not None]
    yield from (f"crosses from {a} to {b}" for a, b in crossed)


def _types(edge: DataflowEdge) -> Iterator[str]:
    produced, consumed = edge.streams[0].produced, edge.streams[-1].consumed
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


def _apart(apart: TypeDifference) -> Iterator[str]:
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


def _converter(part: PartFacts, edge: DataflowEdge) -> Iterator[str]:
    facts = part.converter
    assert facts is not None
    at = next(n for n, stream in enumerate(edge.streams) if stream.sink.instance == part.name)
    source: ITensor = edge.streams[at].consumed
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
            f"peak live elements: {facts.bound_bits:,} bits, the least that any converter of this "
            f"pair can hold; this one has {share:.2f} times that"
        )
    if facts.pages_bits is None or facts.pages_bits >= facts.bits:
        return
    share = facts.pages_bits / max(1, facts.bound_bits or 1)
    yield f"pages would hold {facts.pages_bits:,} bits, {share:.2f} times the peak live elements"
    if facts.cycle:
        yield (
            "  but the stream in front would stop when they are full, and then these may wait for "
            f"each other for ever: {' -> '.join((facts.cycle[-1], *facts.cycle))}"
        )


def _depth(stream: StreamFacts) -> str:
    if not stream.depth:
        return "a wire, since the part in front of it ends in a queue"
    memory = f" in {stream.memory}" if stream.memory else ""
    return (
        f"{stream.depth:,} beats x {stream.bits} bits = {stream.depth * stream.bits:,} bits{memory}"
    )


def _fifo(stream: StreamFacts, flow: FlowFacts | None) -> Iterator[str]:
    if flow is None:
        if stream.depth:
            yield "outside the linear program: no value of a layer waits here"
        return
    yield (
        f"{flow.beats:,} beats written in {flow.written[0]:,.0f} to {flow.written[1]:,.0f}, "
        f"read in {flow.read[0]:,.0f} to {flow.read[1]:,.0f} cycles of the {flow.invocation} "
        f"({flow.symbol_values})"
    )
    room = "all of them" if flow.peak >= flow.beats > 1 else f"{flow.peak:,}"
    least = f"; the least depth is {flow.depth}" if flow.depth > flow.peak else ""
    yield f"at most {room} wait at once{least}"
    if stream.depth != flow.depth:
        limit = "the most that the target allows" if stream.depth == stream.most else "was decided"
        yield f"the program says {flow.depth:,}; {stream.depth:,} {limit}"
    which = f"beat {flow.beat:,}" if flow.beat else "the first beat"
    if flow.delay < 0.5:
        yield f"{flow.sink} takes the first beat as soon as it is there: no slack"
        return
    yield f"{which} waits {flow.delay:,.0f} cycles (slack), since without slack"
    for step in flow.path:
        why = f"  [{step.why}]" if step.why else ""
        yield f"  {step.cycle:>9,.0f}  {_event(step.event)}{why}"
    if not flow.path:
        yield "  nothing ties its two ends: it waits as long as its readers allow"


def _proof(stream: StreamFacts) -> Iterator[str]:
    """Why the queue is part of no deadlock."""
    if stream.proof == WaitReason.HOLDS.value:
        yield "no deadlock, at whatever speed: the queue holds all beats of an invocation"
    elif stream.proof == WaitReason.BRIDGE.value:
        yield "no deadlock, at whatever speed: nothing that its sink waits for waits for its source"
    elif stream.proof is not None:
        cycle = " -> ".join(stream.cycle)
        yield f"no deadlock, since the schedule is one; else {cycle} might wait for each other"


VERBS = {Side.INPUT: "takes", Side.OUTPUT: "gives", Side.STREAM: "is given"}


def _event(event: Event | None) -> str:
    """An event of the schedule in words."""
    if event is None:
        return "the invocation begins"
    which = {FIRST: "first", LAST: "last"}.get(event.beat, f"{event.beat:,}.")
    if event.owner == CARRIED:
        return f"the invocation's {which} beat enters"
    return f"{event.owner} {VERBS[event.side]} its {which} beat"


def _times(sizes: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in sizes)
