# SPDX-License-Identifier: Apache-2.0
"""From a placed design to what ``explain`` and ``report`` show of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum

from ..boards.memory.system import MemorySystem
from ..compiler.floorplan.top_overhead import queue_owner
from ..compiler.fusion.on_chip_memory import intermediate_memory
from ..compiler.ir.infrastructure import ForkSpec, RegisterSliceSpec
from ..compiler.ir.json_codec import encode
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Channel, Instance
from ..compiler.mapping.row_windows import row_windows
from ..compiler.performance.estimate import Estimate
from ..compiler.performance.task_graph import CARRIED
from ..compiler.performance.timeline import Activity
from ..compiler.sizing.prefetch_depth import parameter_queue, queue_beats
from ..stream.control.scope import Scope
from ..stream.converter.geometry import BufferKind
from ..stream.converter.spec import ConverterSpec
from ..stream.spec import KernelSpec, Role
from .facts import (
    ActivityFacts,
    ConverterFacts,
    Facts,
    FusionFacts,
    PartFacts,
    PartKind,
    RegionFacts,
    RunFacts,
    StreamFacts,
    ValueFacts,
)
from .idle_cycles import layer_cycles
from .tight_constraints import flows

__all__ = ["activities_of", "clients_of", "gather", "kind_of"]


def gather(design: PlacedNetlist, weights: str, position: int | None = None) -> Facts:
    """All facts of a design that went through every stage.

    weights: where they come from
    position: of the token whose step is predicted; the middle of the context unless given
    """
    position = max(1, design.graph.context // 2) if position is None else position
    parts = {instance.name: instance for instance in design.instances}
    tiling = encode(design.tiling)
    bounds = {"tokens": design.tiling.token_batch, "length": design.graph.context}
    return Facts(
        model=design.graph.name,
        weights=weights,
        board=design.board.name,
        board_title=design.board.title,
        clock_mhz=design.board.clock_mhz,
        layers=design.graph.loops[0].trips,
        choices=dict(_flat(design.config, "")),
        tiling={name: str(value) for name, value in tiling.items()},
        engines={b.instance: b.nodes for b in design.assignments},
        bounds=bounds,
        parts=tuple(_part(instance, design) for instance in design.instances),
        streams=tuple(_stream(channel, parts, design) for channel in design.channels),
        flows=tuple(flows(design.depths.certificates)),
        fusion=_fusion(design),
        position=position,
        activities=tuple(activities_of(design, position)),
        regions=tuple(
            RegionFacts(name=r.name, offset=r.offset, bytes=r.bytes) for r in design.memory.regions
        ),
        parameters=tuple(
            RunFacts(node=s.node, invocation=when, bytes=s.beats * design.memory.beat_bytes)
            for when, run in (("layer", design.memory.body), ("tail", design.memory.tail))
            for s in run
        ),
        memory_bytes=design.board.memory_bytes,
        ports={p.name: (p.width, p.beats_per_cycle, p.latency) for p in design.board.ports},
        clients={port.name: clients_of(design, port.name) for port in design.board.ports},
        layer=layer_cycles(Estimate.placed(design), position),
        windows=row_windows(
            design.graph, design.tiling, design.board.beat_bits, design.cache_bits
        ).widths,
    )


def clients_of(design: PlacedNetlist, port: str) -> tuple[str, ...]:
    """The parts whose DMAs are at a memory port."""
    at = (design.instance(name) for name, ports in design.placement.ports.items() if port in ports)
    return tuple(dma.serves or dma.name for dma in at)


def kind_of(instance: Instance) -> PartKind:
    """What a part is to a reader."""
    part = instance.part
    if isinstance(part, ConverterSpec):
        return PartKind.CONVERTER
    if isinstance(part, ForkSpec):
        return PartKind.FORK
    if isinstance(part, RegisterSliceSpec):
        return PartKind.REGISTER_SLICE
    if not isinstance(part, KernelSpec):
        return PartKind.INFRASTRUCTURE
    if part.behaviour().contexts:
        return PartKind.ENGINE
    return PartKind.MEMORY if instance.has(Role.MEM_COMMAND) else PartKind.KERNEL


def _flat(value: object, name: str) -> Iterator[tuple[str, str]]:
    """The fields of a configuration that are not at their defaults, with those of fields in it."""
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is None:
        shown = value.value if isinstance(value, Enum) else value
        yield name, str(shown)
        return
    for field in fields:
        yield from _flat(getattr(value, field), f"{name}.{field}" if name else field)


def _part(instance: Instance, design: PlacedNetlist) -> PartFacts:
    part = instance.part
    cycle = design.depths.dependency_cycles.get(instance.name, ())
    converter = _converter(part, cycle) if isinstance(part, ConverterSpec) else None
    return PartFacts(
        name=instance.name,
        kind=kind_of(instance),
        label=part.label,
        scope=instance.scope,
        converter=converter,
        die=design.placement.dies[instance.name][-1] if design.board.dies else None,
    )


def _converter(part: ConverterSpec, cycle: tuple[str, ...]) -> ConverterFacts:
    plan = part.plan
    pages = replace(part, kind=BufferKind.MAPPED).bits if part.pages is not None else None
    return ConverterFacts(
        kind=part.kind.value,
        block=plan.block,
        shared=tuple(str(loop) for loop in plan.shared),
        reuse=plan.reuse,
        follow=plan.follow,
        bits=part.bits,
        pingpong_bits=part.ping_pong_bits,
        bound_bits=part.bound_bits,
        pages_bits=pages,
        cycle=cycle,
    )


def _stream(channel: Channel, parts: Mapping[str, Instance], design: PlacedNetlist) -> StreamFacts:
    placement = design.placement
    ahead = channel.name == parameter_queue(design)
    owner = channel.source.instance if ahead else queue_owner(channel.name)
    kinds = placement.kinds(owner)
    ends = placement.dies[channel.sink.instance]
    verdicts = design.depths.verdicts
    verdict = next((v for v in verdicts if v.stream == channel.name), None)
    return StreamFacts(
        name=channel.name,
        source=channel.source,
        sink=channel.sink,
        source_port=parts[channel.source.instance].port(channel.source.port),
        sink_port=parts[channel.sink.instance].port(channel.sink.port),
        produced=channel.produced,
        consumed=channel.consumed,
        scope=channel.scope,
        value=channel.value,
        depth=queue_beats(design, channel),
        most=design.target.prefetch if ahead else None,
        memory=kinds[0].value if kinds else None,
        dies=(ends[0], ends[-1]) if len(ends) > 1 else None,
        proof=None if verdict is None else verdict.why.value,
        cycle=() if verdict is None else verdict.way,
    )


def _fusion(design: PlacedNetlist) -> FusionFacts:
    memory, fused = intermediate_memory(design), design.fused
    return FusionFacts(
        tokens=memory.tokens,
        values=tuple(ValueFacts(**vars(row)) for row in memory.rows),
        groups=tuple(group.tasks for group in fused.groups),
        cuts=fused.cuts,
        bytes=fused.bytes,
        limit=fused.limit,
    )


def activities_of(
    design: PlacedNetlist, position: int, memory: MemorySystem | None = None
) -> Iterator[ActivityFacts]:
    """Of the step that takes the token at ``position``, after an earlier step of the same kind.

    memory: a memory system; None: the board's own
    """
    estimate = Estimate.placed(design, memory)
    clock = estimate.clock()
    now = estimate.step(clock, max(0, position - 1), 1, True, 0.0)
    log: list[tuple[Scope, Mapping[str, Activity]]] = []
    estimate.step(clock, position, 1, True, now, lambda *seen: log.append(seen))
    resources = {
        t.name: t.resource
        for timeline in (estimate.entry, estimate.body, estimate.tail)
        for t in timeline.tasks
    }
    layer = 0
    for scope, work in log:
        inside = scope is Scope.BODY
        for task, done in work.items():
            if task == CARRIED:
                continue
            yield ActivityFacts(
                scope=scope,
                layer=layer if inside else None,
                task=task,
                resource=resources[task],
                input=(_at(done.input.first, now), _at(done.input.last, now)),
                output=(_at(done.output.first, now), _at(done.output.last, now)),
            )
        layer += inside


def _at(cycle: float, begin: float) -> float:
    return round(cycle - begin, 1)
