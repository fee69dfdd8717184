# SPDX-License-Identifier: Apache-2.0
"""From a placed design to the facts that a build remembers of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum

from ..compiler.floorplan.top_overhead import queue_owner
from ..compiler.fusion.on_chip_memory import intermediate_memory
from ..compiler.ir.json_codec import encode
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Channel, Instance
from ..compiler.performance.estimate import Estimate
from ..compiler.performance.task_graph import CARRIED
from ..compiler.performance.timeline import Activity
from ..compiler.sizing.prefetch_depth import parameter_queue, queue_beats
from ..stream.control.scope import Scope
from ..stream.converter.geometry import BufferKind
from ..stream.converter.spec import ConverterSpec
from .facts import (
    VERSION,
    ActivityFacts,
    ConverterFacts,
    Facts,
    FusionFacts,
    PartFacts,
    RegionFacts,
    RunFacts,
    StreamFacts,
    ValueFacts,
)
from .tight_constraints import flows

__all__ = ["activities_of", "gather", "kind_of"]

PASSING = frozenset({"fork", "register slice"})
"""Kinds of infrastructure that change neither elements nor order."""


def gather(design: PlacedNetlist, weights: str) -> Facts:
    """All facts of a design that went through every stage."""
    position = max(1, design.graph.context // 2)
    tiling = encode(design.tiling)
    bounds = {"tokens": design.tiling.token_batch, "length": design.graph.context}
    return Facts(
        version=VERSION,
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
        streams=tuple(_stream(channel, design) for channel in design.channels),
        flows=tuple(flows(design.depths.certificates)),
        fusion=_fusion(design),
        position=position,
        activities=tuple(activities_of(design, position)),
        regions=tuple(
            RegionFacts(name=r.name, offset=r.offset, bytes=r.bytes) for r in design.memory.regions
        ),
        parameters=tuple(
            RunFacts(node=s.node, activation=when, bytes=s.beats * design.memory.beat_bytes)
            for when, run in (("layer", design.memory.body), ("tail", design.memory.tail))
            for s in run
        ),
        memory_bytes=design.board.memory_bytes,
        ports={p.name: (p.width, p.beats_per_cycle, p.latency) for p in design.board.ports},
        clients={name: " ".join(ports) for name, ports in design.placement.ports.items()},
    )


def kind_of(instance: Instance) -> str:
    """What a part is, in a word or two."""
    return instance.part.label


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
    kind = kind_of(instance)
    return PartFacts(
        name=instance.name,
        kind=kind,
        scope=instance.scope.value,
        passes=converter is not None or kind in PASSING,
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


def _stream(channel: Channel, design: PlacedNetlist) -> StreamFacts:
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
        produced=channel.produced,
        consumed=channel.consumed,
        scope=channel.scope.value,
        value=channel.value,
        depth=queue_beats(design, channel),
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


def activities_of(design: PlacedNetlist, position: int) -> Iterator[ActivityFacts]:
    """Of the step that takes the token at ``position``, after an earlier step of the same kind."""
    estimate = Estimate.placed(design)
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
        activation = scope.value
        if scope is Scope.BODY:
            activation, layer = f"layer {layer}", layer + 1
        for task, done in work.items():
            if task == CARRIED:
                continue
            yield ActivityFacts(
                activation=activation,
                task=task,
                resource=resources[task],
                input=(_at(done.input.first, now), _at(done.input.last, now)),
                output=(_at(done.output.first, now), _at(done.output.last, now)),
            )


def _at(cycle: float, begin: float) -> float:
    return round(cycle - begin, 1)
