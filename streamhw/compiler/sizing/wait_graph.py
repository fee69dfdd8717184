# SPDX-License-Identifier: Apache-2.0
"""The threads of a design: which parts of it run on their own, and what each may wait for."""

from collections.abc import Iterator
from itertools import pairwise

from ...kernels.matmul.geometry import SLOTS
from ...kernels.matmul.spec import MatmulSpec
from ...stream.converter.spec import ConverterSpec
from ..fifo.deadlock import WaitGraph, WaitLink
from ..ir.design import Channel, Design, End, Instance
from ..lowering.insert_control import FANOUT, STEPS_AHEAD
from ..lowering.parameter_routing import DISTRIBUTOR
from ..performance.task_graph import OPERAND

__all__ = ["buffer_of", "holds_all", "waits_of"]

CROSSING = "_crossing"
"""What a register slice's name ends with."""
RESULTS = "_results"
"""What stands behind a product's name for the thread that gives its results."""
CARRYING = frozenset({"i_back", "i_free", "i_next", "o_exit"})
"""Ports through which an activation passes something to the next one, be it results or room in
memory; what follows the layers counts as one more of them."""


def waits_of(design: Design) -> WaitGraph:
    """Every stream of a design, between threads.

    A part is one thread that may wait at any of its ports, but:
      a converter is two, its writer and its reader, with its buffer between them
      an engine is three for each matrix product, in order: one lets its operand in, as soon as the
        product before the last one has ended, one computes, and one gives results, of which some
        tiles wait inside; the distributor of parameters is one for each product
      a part and its DMA are one: memory always answers, since reads reserve their room
      a width converter belongs to its stream, and so does a register slice behind it: they take
      and give in order, and hold a few beats
    """
    return WaitGraph(
        links=tuple(_links(design)), after=tuple(_turns(design)), again=tuple(_again(design))
    )


def _links(design: Design) -> Iterator[WaitLink]:
    parts = {i.name: i for i in design.instances}
    through = {c.sink.instance: c for c in design.channels if c.sink.port == "i"}
    for channel in design.channels:
        behind = through.get(channel.source.instance)  # the stream into the part that it leaves
        if channel.sink.instance.endswith("_width") or _merged(channel):
            continue
        if channel.sink.instance.endswith(CROSSING) and _is_cut(channel):
            continue
        cut = channel
        if channel.source.instance.endswith(CROSSING) and behind is not None:
            cut = behind
        if _is_cut(cut) and (dealt := through.get(cut.source.instance)) is not None:
            yield from _parameters(design, channel, dealt, parts)
            continue
        holds = _holds(channel)
        for source in _threads(channel.source, parts, reads=False):
            for sink in _threads(channel.sink, parts, reads=True):
                yield WaitLink(
                    name=channel.name,
                    source=source,
                    sink=sink,
                    holds=holds,
                    later=int(bool(CARRYING & {channel.source.port, channel.sink.port})),
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
        for node in assignment.nodes:
            compute = f"{assignment.instance}:{node}"
            yield WaitLink(
                name=f"{compute} operand",
                source=f"{compute}{OPERAND}",
                sink=compute,
                holds=1,
            )
            engine = parts[assignment.instance].part
            assert isinstance(engine, MatmulSpec)
            (outputs,) = (c.outputs for c in engine.contexts if c.name == node)
            yield WaitLink(
                name=f"{compute} results",
                source=compute,
                sink=f"{compute}{RESULTS}",
                holds=int(outputs // engine.rows <= SLOTS),
            )


def _is_cut(channel: Channel) -> bool:
    """Whether it comes from a width converter."""
    return channel.source.instance.endswith("_width")


def _parameters(
    design: Design, channel: Channel, behind: Channel, parts: dict[str, Instance]
) -> Iterator[WaitLink]:
    """Parameters of each node, from the distributor's turn for it to where they are used."""
    memory = design.known.memory
    target = behind.sink.instance.removesuffix("_width")
    part = parts[channel.sink.instance].part
    for segments in (*memory.body, *memory.tail):
        beats = sum(n for name, n in segments.parts if name == target)
        if not beats:
            continue
        source = f"{DISTRIBUTOR}:{segments.node}"
        if not isinstance(part, MatmulSpec):
            for sink in _threads(channel.sink, parts, reads=True):
                yield WaitLink(name=channel.name, source=source, sink=sink, holds=_holds(channel))
        elif channel.sink.port == "i_weight":
            # Header and weights go in turns and are taken in the same turns: one stream.
            sink = f"{channel.sink.instance}:{segments.node}"
            yield WaitLink(name=channel.name, source=source, sink=sink, holds=0)


def _threads(end: End, parts: dict[str, Instance], *, reads: bool) -> list[str]:
    """The threads at an end of a stream."""
    name = end.instance.removesuffix("_dma") if end.instance.endswith("_dma") else end.instance
    part = parts[end.instance].part if end.instance in parts else None
    if isinstance(part, MatmulSpec):
        contexts = [c.name for c in part.contexts]
        if reads and end.port == "i_run":
            return [f"{name}:{c}{OPERAND}" for c in contexts]
        if reads and end.port.startswith("i_x_"):
            return [f"{name}:{end.port.removeprefix('i_x_')}{OPERAND}"]
        if not reads:
            return [f"{name}:{end.port.removeprefix('o_')}{RESULTS}"]
        return [f"{name}:{c}" for c in contexts]
    if isinstance(part, ConverterSpec):
        if end.port == "i":
            return [f"{name}.write"]
        if not reads:
            return [f"{name}.read"]
        # Values of a symbol go to the walks that count by it.
        symbol = next(s.name for s in part.symbols if s.port == end.port)
        walks = ((part.source, f"{name}.write"), (part.target, f"{name}.read"))
        return [walk for type, walk in walks if symbol in type.symbols]
    return [name]


def _merged(channel: Channel) -> bool:
    """Streams between a part and its own DMA, and those of the parameters' way from memory."""
    ends = {
        channel.source.instance.removesuffix("_dma"),
        channel.sink.instance.removesuffix("_dma"),
    }
    return len(ends) == 1 or DISTRIBUTOR in ends


def _holds(channel: Channel) -> int:
    """Activations that a queue holds; a stream without loops has a beat in each."""
    beats = channel.consumed.beats() if channel.consumed.loops else 1
    if channel.source.instance == FANOUT:
        return STEPS_AHEAD
    return channel.depth // beats


def buffer_of(converter: str) -> str:
    """The name of the link between a converter's two threads."""
    return f"{converter} buffer"


def holds_all(part: ConverterSpec) -> bool:
    """Whether a converter takes a whole tensor without giving any of it."""
    return not part.plan.shared and part.depth >= part.plan.words


def _orders(design: Design) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Threads of one resource in order: those of a layer, those after the layers."""
    for assignment in design.assignments:
        for kind in ("", OPERAND, RESULTS):
            yield (
                tuple(f"{assignment.instance}:{node}{kind}" for node in assignment.body),
                tuple(f"{assignment.instance}:{node}{kind}" for node in assignment.tail),
            )
    memory = design.known.memory
    yield (
        tuple(f"{DISTRIBUTOR}:{s.node}" for s in memory.body),
        tuple(f"{DISTRIBUTOR}:{s.node}" for s in memory.tail),
    )


def _turns(design: Design) -> Iterator[tuple[str, str]]:
    for body, tail in _orders(design):
        yield from ((after, before) for run in (body, tail) for before, after in pairwise(run))
    yield from _stores(design, same=True)
    yield from _places(design, same=True)
    # A turn for a product may find the queue full of what an earlier one has not used yet.
    for assignment in design.assignments:
        for run in (assignment.body, assignment.tail):
            for n, node in enumerate(run):
                for earlier in run[:n]:
                    yield f"{DISTRIBUTOR}:{node}", f"{assignment.instance}:{earlier}"


def _stores(design: Design, *, same: bool) -> Iterator[tuple[str, str]]:
    """An operand comes in when the product two before it has ended, in the same activation or in
    the one before: only then is its place free."""
    for assignment in design.assignments:
        runs = [run for run in (assignment.body, assignment.tail) if run]
        for before in runs:
            for run in runs:
                both = (*before, *run)
                for n in range(max(2, len(before)), len(both)):
                    if same == (n - 2 >= len(before)):
                        operand = f"{assignment.instance}:{both[n]}{OPERAND}"
                        yield operand, f"{assignment.instance}:{both[n - 2]}"


def _places(design: Design, *, same: bool) -> Iterator[tuple[str, str]]:
    """A product needs places for its tiles, which the one before it leaves with its results."""
    for assignment in design.assignments:
        engine = f"{assignment.instance}:"
        runs = [run for run in (assignment.body, assignment.tail) if run]
        for run in runs:
            if same:
                yield from ((f"{engine}{b}", f"{engine}{a}{RESULTS}") for a, b in pairwise(run))
            else:
                yield from ((f"{engine}{run[0]}", f"{engine}{r[-1]}{RESULTS}") for r in runs)


def _again(design: Design) -> Iterator[tuple[str, str]]:
    for body, tail in _orders(design):
        runs = [run for run in (body, tail) if run]
        yield from ((a[0], b[-1]) for a in runs for b in runs)
    yield from _stores(design, same=False)
    yield from _places(design, same=False)
    for assignment in design.assignments:
        for node in assignment.nodes:
            for other in assignment.nodes:
                yield f"{DISTRIBUTOR}:{node}", f"{assignment.instance}:{other}"
    for instance in design.instances:
        if isinstance(instance.part, ConverterSpec):
            yield f"{instance.name}.write", f"{instance.name}.read"
