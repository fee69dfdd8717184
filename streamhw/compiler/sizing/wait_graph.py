# SPDX-License-Identifier: Apache-2.0
"""The processes of a design: which parts of it run on their own, and what each may wait for."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from ...stream.converter.spec import ConverterSpec
from ...stream.spec import Role
from ..fifo.deadlock import WaitGraph, WaitLink
from ..ir.infrastructure import RegisterSliceSpec, StepBroadcastSpec
from ..ir.levels import Netlist
from ..ir.netlist import Channel, End, Instance
from ..ir.serving import is_dma, is_parameter_width, parameter_demux_of
from ..lowering.insert_control import STEPS_AHEAD
from ..performance.engine_task import OPERAND

__all__ = ["buffer_of", "holds_all", "waits_of"]

RESULTS = "_results"
"""What stands behind a product's name for the process that gives its results."""
LATER = frozenset({Role.LOOP_BACK, Role.LOOP_EXIT, Role.FREE, Role.NEXT_TOKEN})
"""Of ports through which an invocation passes something to the next one, be it results or room in
memory; what follows the layers counts as one more of them."""


def waits_of(design: Netlist, queues: Mapping[str, int]) -> WaitGraph:
    """Every stream of a design with queues of these beats, between processes.

    A part is one process that may wait at any of its ports, but:
      a converter is two, its writer and its reader, with its buffer between them
      an engine is three for each matrix product, in order: one lets its operand in, as soon as the
        product before the last one has ended, one computes, and one gives results, of which some
        tiles wait inside; the demux of parameters is one for each product
      a part and its DMA are one: memory always answers, since reads reserve their room
      a width converter belongs to its stream, and so does a register slice behind it: they take
      and give in order, and hold a few beats
    """
    return WaitGraph(
        links=tuple(_links(design, queues)),
        after=tuple(_turns(design)),
        again=tuple(_again(design)),
    )


def _links(design: Netlist, queues: Mapping[str, int]) -> Iterator[WaitLink]:
    parts = {i.name: i for i in design.instances}
    demux = parameter_demux_of(design.instances)
    before_slice = {
        c.sink.instance: c
        for c in design.channels
        if isinstance(parts[c.sink.instance].part, RegisterSliceSpec)
    }
    for channel in design.channels:
        source, sink = parts[channel.source.instance], parts[channel.sink.instance]
        # A part and its DMA are one, and so is the way of the parameters from memory.
        if _owner(source) == _owner(sink) or demux in (source, sink):
            continue
        if is_parameter_width(sink.part):
            continue
        if is_parameter_width(source.part) and isinstance(sink.part, RegisterSliceSpec):
            continue
        begin = source
        if source.name in before_slice:
            begin = parts[before_slice[source.name].source.instance]
        if is_parameter_width(begin.part):
            yield from _parameters(design, queues, channel, str(begin.serves), parts)
            continue
        later = {source.port(channel.source.port).role, sink.port(channel.sink.port).role} & LATER
        for writer in _processes(channel.source, parts, reads=False):
            for reader in _processes(channel.sink, parts, reads=True):
                yield WaitLink(
                    name=channel.name,
                    source=writer,
                    sink=reader,
                    holds=_holds(channel, queues, source),
                    later=int(bool(later)),
                )
    for instance in design.instances:
        if isinstance(instance.part, ConverterSpec):
            yield WaitLink(
                name=buffer_of(instance.name),
                source=f"{instance.name}.write",
                sink=f"{instance.name}.read",
                holds=int(holds_all(instance.part)),
            )
    for assignment in design.assignments:
        contexts = {c.name: c for c in parts[assignment.instance].part.behaviour().contexts}
        for node in assignment.nodes:
            compute = f"{assignment.instance}:{node}"
            yield WaitLink(
                name=f"{compute} operand",
                source=f"{compute}{OPERAND}",
                sink=compute,
                holds=1,
            )
            yield WaitLink(
                name=f"{compute} results",
                source=compute,
                sink=f"{compute}{RESULTS}",
                holds=int(contexts[node].results_held),
            )


def _parameters(
    design: Netlist,
    queues: Mapping[str, int],
    channel: Channel,
    target: str,
    parts: dict[str, Instance],
) -> Iterator[WaitLink]:
    """Parameters of each node, from the demux's turn for it to where they are used."""
    memory = design.memory
    sink = parts[channel.sink.instance]
    for segments in (*memory.body, *memory.tail):
        places = [n for n, (name, _) in enumerate(segments.parts) if name == target]
        if not sum(segments.parts[n][1] for n in places):
            continue
        turn = _turn_of(design, segments.node)
        if not sink.part.behaviour().contexts:
            holds = _holds(channel, queues, parts[channel.source.instance])
            for reader in _processes(channel.sink, parts, reads=True):
                yield WaitLink(name=channel.name, source=turn, sink=reader, holds=holds)
        elif len(segments.parts) - 1 in places:
            # What a product takes comes in turns and is taken in the same turns: one stream, that
            # of the last of them.
            reader = f"{sink.name}:{segments.node}"
            yield WaitLink(name=channel.name, source=turn, sink=reader, holds=0)


def _turn_of(design: Netlist, node: str) -> str:
    """The process of the demultiplexer that routes a node's parameters."""
    return f"{parameter_demux_of(design.instances).name}:{node}"


def _processes(end: End, parts: dict[str, Instance], *, reads: bool) -> list[str]:
    """The processes at an end of a stream."""
    instance = parts[end.instance]
    name, part, port = _owner(instance), instance.part, instance.port(end.port)
    if port.context is not None:
        return [f"{name}:{port.context}{OPERAND if reads else RESULTS}"]
    if contexts := part.behaviour().contexts:
        kind = OPERAND if port.role is Role.SCHEDULE else ""
        return [f"{name}:{context.name}{kind}" for context in contexts]
    if not isinstance(part, ConverterSpec):
        return [name]
    if port.symbol is None:
        return [f"{name}.write" if reads else f"{name}.read"]
    # Values of a symbol go to the walks that count by it.
    walks = ((part.source, f"{name}.write"), (part.target, f"{name}.read"))
    return [walk for type, walk in walks if port.symbol.name in type.symbols]


def _owner(instance: Instance) -> str:
    """The part that an instance works for, if it is a DMA."""
    return str(instance.serves) if is_dma(instance) else instance.name


def _holds(channel: Channel, queues: Mapping[str, int], source: Instance) -> int:
    """Invocations that a queue holds; a stream without loops has a beat in each."""
    if isinstance(source.part, StepBroadcastSpec):
        return STEPS_AHEAD
    beats = channel.consumed.beats() if channel.consumed.loops else 1
    return queues[channel.name] // beats


def buffer_of(converter: str) -> str:
    """The name of the link between a converter's two processes."""
    return f"{converter} buffer"


def holds_all(part: ConverterSpec) -> bool:
    """Whether a converter takes a whole tensor without giving any of it."""
    return not part.plan.shared and part.depth >= part.plan.words


def _orders(design: Netlist) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Processes of one resource in order: those of a layer, those after the layers."""
    for assignment in design.assignments:
        for kind in ("", OPERAND, RESULTS):
            yield (
                tuple(f"{assignment.instance}:{node}{kind}" for node in assignment.body),
                tuple(f"{assignment.instance}:{node}{kind}" for node in assignment.tail),
            )
    memory = design.memory
    yield (
        tuple(_turn_of(design, s.node) for s in memory.body),
        tuple(_turn_of(design, s.node) for s in memory.tail),
    )


def _turns(design: Netlist) -> Iterator[tuple[str, str]]:
    for body, tail in _orders(design):
        yield from ((after, before) for run in (body, tail) for before, after in pairwise(run))
    yield from _stores(design, same=True)
    yield from _places(design, same=True)
    # A turn for a product may find the queue full of what an earlier one has not used yet.
    for assignment in design.assignments:
        for run in (assignment.body, assignment.tail):
            for n, node in enumerate(run):
                for earlier in run[:n]:
                    yield _turn_of(design, node), f"{assignment.instance}:{earlier}"


def _stores(design: Netlist, *, same: bool) -> Iterator[tuple[str, str]]:
    """An operand comes in when the product two before it has ended, in the same invocation or in
    the one before: only then is its slot free."""
    for assignment in design.assignments:
        runs = [run for run in (assignment.body, assignment.tail) if run]
        for before in runs:
            for run in runs:
                both = (*before, *run)
                for n in range(max(2, len(before)), len(both)):
                    if same == (n - 2 >= len(before)):
                        operand = f"{assignment.instance}:{both[n]}{OPERAND}"
                        yield operand, f"{assignment.instance}:{both[n - 2]}"


def _places(design: Netlist, *, same: bool) -> Iterator[tuple[str, str]]:
    """A product needs slots for its tiles, which the one before it leaves with its results."""
    for assignment in design.assignments:
        engine = f"{assignment.instance}:"
        runs = [run for run in (assignment.body, assignment.tail) if run]
        for run in runs:
            if same:
                yield from ((f"{engine}{b}", f"{engine}{a}{RESULTS}") for a, b in pairwise(run))
            else:
                yield from ((f"{engine}{run[0]}", f"{engine}{r[-1]}{RESULTS}") for r in runs)


def _again(design: Netlist) -> Iterator[tuple[str, str]]:
    for body, tail in _orders(design):
        runs = [run for run in (body, tail) if run]
        yield from ((a[0], b[-1]) for a in runs for b in runs)
    yield from _stores(design, same=False)
    yield from _places(design, same=False)
    for assignment in design.assignments:
        for node in assignment.nodes:
            for other in assignment.nodes:
                yield _turn_of(design, node), f"{assignment.instance}:{other}"
    for instance in design.instances:
        if isinstance(instance.part, ConverterSpec):
            yield f"{instance.name}.write", f"{instance.name}.read"
