# SPDX-License-Identifier: Apache-2.0
"""Memory access: a DMA for each part that asks for memory, and the one stream of parameters."""

from collections.abc import Iterable
from dataclasses import replace

from ..kernels.spill import SpillRead, SpillWrite
from ..stream.distribute import Repeat, Segment
from ..stream.itensor import ITensor
from ..stream.parameters import Run
from . import plumbing
from .control import open_ports
from .design import PARAMETERS, Channel, End, Instance, Part, Scope
from .memory import MemoryPlan, Segments
from .tiling import Tiling

__all__ = ["READER", "READ_BUFFER", "add_memory_access", "dma_of"]

READER, DISTRIBUTOR = "parameter_reader", "distributor"
READ_BUFFER = 64
"""Beats that a read DMA of a kernel holds: the latency of memory and a burst."""
SPILL_WRITES, SPILL_READS = 2, 4
"""Beats of the longest burst of a spilled stream; its DMAs hold two of them. A stream of 32 bits a
cycle then hides 128 cycles of memory's latency."""


def add_memory_access(
    plan: MemoryPlan,
    tiling: Tiling,
    context: int,
    layers: int,
    beat_bits: int,
    instances: tuple[Instance, ...],
    channels: tuple[Channel, ...],
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """Gives every open memory port a DMA, and every parameter stream its place in memory.

    Ensures  no stream begins at ``PARAMETERS``; ports that are still open are control ports
    """
    placed = tuple(
        replace(i, part=replace(i.part, offset=plan.region(i.region).offset))  # type: ignore[type-var]
        if i.region is not None
        else i
        for i in instances
    )
    parts: list[Instance] = []
    wires: list[Channel] = []

    def wire(source: End, sink: End, type: ITensor, scope: Scope) -> None:
        wires.append(Channel(source=source, sink=sink, produced=type, consumed=type, scope=scope))

    for instance, port in open_ports(placed, channels):
        if port.name != "o_command":
            continue
        name = f"{instance.name}_dma"
        names = {p.name for p in instance.part.ports}
        writes = "o_data" in names
        dma, scope = (
            Instance(name, dma_of(instance.part, beat_bits), instance.scope),
            instance.scope,
        )
        parts.append(dma)
        wire(End(instance.name, "o_command"), End(name, "i_command"), port.type, scope)
        if writes:
            wire(End(instance.name, "o_data"), End(name, "i_data"), dma.port("i_data").type, scope)
            wire(End(name, "o_done"), End(instance.name, "i_done"), dma.port("o_done").type, scope)
        else:
            wire(End(name, "o"), End(instance.name, "i_data"), dma.port("o").type, scope)

    targets = plan.targets
    reader = plumbing.parameter_reader(
        tokens=tiling.group,
        context=context,
        layers=layers,
        body=Run(plan.region("body").offset, plan.stride // plan.beat_bytes),
        stride=plan.stride,
        tail=Run(plan.region("tail").offset, plan.region("tail").bytes // plan.beat_bytes),
    )
    deal = plumbing.distributor(
        beat_bits,
        len(targets),
        (_program(plan.body, targets), _program(plan.tail, targets)),
    )
    prefetch = plumbing.read_dma(beat_bits, tiling.prefetch)
    shared = Scope.SHARED
    parts += [
        Instance(READER, reader, shared),
        Instance(f"{READER}_dma", prefetch, shared),
        Instance(DISTRIBUTOR, deal, shared),
    ]
    ends = {i.name: i for i in parts}
    for source, output, sink, port_name in (
        (READER, "o_command", f"{READER}_dma", "i_command"),
        (READER, "o_program", DISTRIBUTOR, "i_program"),
        (f"{READER}_dma", "o", DISTRIBUTOR, "i"),
    ):
        wire(End(source, output), End(sink, port_name), ends[source].port(output).type, shared)
    rest: list[Channel] = []
    for channel in channels:
        if channel.source.instance != PARAMETERS:
            rest.append(channel)
            continue
        target = targets.index(channel.source.port)
        name = f"{channel.source.port}_width"
        cut = plumbing.width(channel.produced, beat_bits)
        parts.append(Instance(name, cut, channel.scope))
        wire(End(DISTRIBUTOR, f"o_{target}"), End(name, "i"), cut.ports[0].type, channel.scope)
        rest.append(replace(channel, source=End(name, "o")))
    return (*placed, *parts), (*rest, *wires)


def dma_of(part: Part, beat_bits: int) -> plumbing.Plumbing:
    """The DMA of a part that asks for memory: small buffers for spilled streams, which are there
    to save memory on chip."""
    if isinstance(part, SpillWrite):
        return plumbing.write_dma(beat_bits, burst=SPILL_WRITES)
    if isinstance(part, SpillRead):
        return plumbing.read_dma(beat_bits, 2 * SPILL_READS, burst=SPILL_READS)
    if any(port.name == "o_data" for port in part.ports):
        return plumbing.write_dma(beat_bits)
    return plumbing.read_dma(beat_bits, READ_BUFFER)


def _program(run: Iterable[Segments], targets: tuple[str, ...]) -> tuple[Repeat, ...]:
    return tuple(
        Repeat(s.repeat, tuple(Segment(targets.index(name), beats) for name, beats in s.parts))
        for s in run
    )
