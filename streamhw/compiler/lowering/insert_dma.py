# SPDX-License-Identifier: Apache-2.0
"""Memory access: a DMA for each part that asks for memory, and the one stream of parameters."""

from dataclasses import replace
from math import ceil

from ...boards.base import Board
from ...stream.control.parameter_reader import ParameterRun
from ...stream.control.scope import Scope
from ...stream.itensor.itensor import ITensor
from ...stream.spec import KernelSpec, Role
from ..ir.infrastructure import (
    BURST,
    InfrastructureSpec,
    PaddingRemoverSpec,
    ParameterReaderSpec,
    PassthroughSpec,
    ReadDmaSpec,
    StaticDemuxSpec,
    WidthSpec,
    WordCutterSpec,
    WriteDmaSpec,
)
from ..ir.netlist import PARAMETERS, Channel, End, Instance, Part
from ..mapping.tiling import Tiling
from ..memory.layout import MemoryPlan
from .insert_control import open_ports
from .parameter_routing import NARROW, WIDE, route_parameters

__all__ = [
    "READER",
    "READ_BUFFER",
    "add_memory_access",
    "dma_of",
    "outstanding_beats",
    "parameter_dma",
]

READER = "parameter_reader"
READ_BUFFER = 64
"""Beats that a read DMA of a kernel holds: the latency of memory and a burst."""
ON_CHIP = 8
"""Cycles that a read takes to memory's port and back: DMA, arbiter, and the buffer's register."""


def outstanding_beats(board: Board) -> int:
    """Beats of parameters that may be under way from memory: as many as hide its latency, and the
    longest wait for one of its channels, and a burst. More would not come sooner, but everybody
    else who reads there waits behind them."""
    port = board.ports[0]
    hidden: float = (port.latency + board.memory_times.pause + ON_CHIP) * port.beats_per_cycle
    return (ceil(hidden / BURST) + 1) * BURST


def parameter_dma(board: Board, beats: int) -> ReadDmaSpec:
    """The DMA of parameters, with a queue of ``beats``."""
    return ReadDmaSpec(
        beat_bits=board.beat_bits,
        buffer=beats,
        begins=board.begins,
        outstanding=outstanding_beats(board),
    )


def add_memory_access(
    plan: MemoryPlan,
    tiling: Tiling,
    context: int,
    layers: int,
    beat_bits: int,
    begins: tuple[int, ...],
    prefetch: Part,
    cache_buffer: int,
    instances: tuple[Instance, ...],
    channels: tuple[Channel, ...],
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """Gives every open memory port a DMA, and every parameter stream its place in memory.

    begins: for each bus over which memory is striped, the address of its byte 0
    prefetch: the DMA of parameters
    cache_buffer: beats that the DMA of a cache's reader holds

    Ensures  no stream begins at ``PARAMETERS``; ports that are still open are control ports
    """
    placed = tuple(
        replace(i, part=i.part.located(plan.region(i.region).offset))
        if i.region is not None and isinstance(i.part, KernelSpec)
        else i
        for i in instances
    )
    parts: list[Instance] = []
    wires: list[Channel] = []

    def wire(source: End, sink: End, type: ITensor, scope: Scope) -> None:
        wires.append(Channel(source=source, sink=sink, produced=type, consumed=type, scope=scope))

    for instance, port in open_ports(placed, channels):
        if port.role is not Role.MEM_COMMAND:
            continue
        dma = Instance(
            f"{instance.name}_dma",
            dma_of(instance.part, beat_bits, begins, cache_buffer),
            instance.scope,
            serves=instance.name,
        )
        parts.append(dma)
        ways = [(instance, dma, Role.MEM_COMMAND)]
        if instance.has(Role.MEM_WRITE):
            ways += [(instance, dma, Role.MEM_WRITE), (dma, instance, Role.MEM_DONE)]
        else:
            ways += [(dma, instance, Role.MEM_READ)]
        for begin, end, role in ways:
            source, sink = begin.end(role), end.end(role)
            type = dma.port(source.port if begin is dma else sink.port).type
            wire(source, sink, type, instance.scope)

    reader = ParameterReaderSpec(
        tokens=tiling.token_batch,
        context=context,
        layers=layers,
        body=ParameterRun(plan.region("body").offset, plan.stride // plan.beat_bytes),
        stride=plan.stride,
        tail=ParameterRun(plan.region("tail").offset, plan.region("tail").bytes // plan.beat_bytes),
    )
    shared = Scope.SHARED
    asks = Instance(READER, reader, shared)
    dma = Instance(f"{READER}_dma", prefetch, shared, serves=READER)
    parts += [asks, dma]
    command = asks.end(Role.MEM_COMMAND)
    wire(command, dma.end(Role.MEM_COMMAND), asks.port(command.port).type, shared)
    program = asks.end(Role.PROGRAM)
    types = {c.source.port: c.produced for c in channels if c.source.instance == PARAMETERS}
    routes = route_parameters(plan, types, beat_bits)
    for index, route in enumerate(routes):
        part = StaticDemuxSpec(
            beat_bits=route.bits, outputs=len(route.outputs), programs=route.programs
        )
        serves = READER if index == 0 else routes[0].name
        demux = Instance(route.name, part, shared, serves=serves)
        parts.append(demux)
        wire(program, demux.end(Role.PROGRAM), asks.port(program.port).type, shared)
        if index == 0:
            wire(dma.end(Role.MEM_READ), End(route.name, "i"), part.ports[0].type, shared)
        else:
            words = WordCutterSpec(bits=route.bits, beat_bits=beat_bits)
            source = End(routes[0].name, f"o_{routes[0].outputs.index(NARROW)}")
            parts.append(Instance(NARROW, words, shared, serves=route.name))
            wire(source, End(NARROW, "i"), words.ports[0].type, shared)
            wire(End(NARROW, "o"), End(route.name, "i"), part.ports[0].type, shared)
    rest: list[Channel] = []
    for channel in channels:
        if channel.source.instance != PARAMETERS:
            rest.append(channel)
            continue
        target = channel.source.port
        (route,) = (d for d in routes if target in d.outputs)
        name = f"{target}_width"
        cut = _cut(channel.produced, route.bits)
        parts.append(Instance(name, cut, channel.scope, serves=target))
        source = End(route.name, f"o_{route.outputs.index(target)}")
        wire(source, End(name, "i"), cut.ports[0].type, channel.scope)
        rest.append(replace(channel, source=End(name, "o")))
    return (*placed, *parts), (*rest, *wires)


def dma_of(
    part: Part, beat_bits: int, begins: tuple[int, ...] = (0,), cache_buffer: int = READ_BUFFER
) -> InfrastructureSpec:
    """The DMA of a part that asks for memory, as its behaviour wants it."""
    use = part.behaviour().memory
    burst = use.burst or BURST
    if any(port.role is Role.MEM_WRITE for port in part.ports):
        return WriteDmaSpec(beat_bits=beat_bits, burst=burst, begins=begins)
    if use.burst is not None:
        buffer = 2 * burst
    elif use.prefetches:
        buffer = cache_buffer
    else:
        # Few wide beats are many bytes.
        buffer = READ_BUFFER // 2 if beat_bits >= WIDE else READ_BUFFER
    return ReadDmaSpec(beat_bits=beat_bits, buffer=buffer, burst=burst, begins=begins)


def _cut(type: ITensor, beat_bits: int) -> InfrastructureSpec:
    """From memory beats to those of a stream of parameters."""
    bits = type.beat_bits
    if bits == beat_bits >= WIDE:
        return PassthroughSpec(type=type)
    padded = type.beats() * bits % beat_bits != 0
    if bits < beat_bits and (padded or beat_bits >= WIDE):
        return PaddingRemoverSpec(type=type, beat_bits=beat_bits)
    return WidthSpec(type=type, beat_bits=beat_bits)
