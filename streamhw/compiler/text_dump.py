# SPDX-License-Identifier: Apache-2.0
"""A design as text that diffs well: one fact a line, in the design's own order, no columns."""

from collections.abc import Iterator

from ..stream.converter.spec import ConverterSpec
from ..stream.loop_order import LoopOrder
from .ir.infrastructure import InfrastructureSpec
from .ir.levels import (
    Assigned,
    Dataflow,
    Grouped,
    Mapped,
    Netlist,
    PartitionedNetlist,
    PlacedNetlist,
    Quantized,
    SizedNetlist,
)
from .ir.netlist import Channel, Instance
from .memory.segments import Segments
from .resources.fpga_cells import ram_options
from .sizing.prefetch_depth import queue_beats

__all__ = ["dump"]


def dump(design: Quantized) -> str:
    """Everything that the stages so far decided; fields of later stages are left out."""
    return "\n".join(_lines(design)) + "\n"


def _lines(design: Quantized) -> Iterator[str]:
    yield f"design {design.graph.name} on {design.board.name}"
    if isinstance(design, Mapped):
        yield "tiling"
        for name, value in vars(design.tiling).items():
            if isinstance(value, int):
                yield f"  {name} {value}"
        for name, engine in design.tiling.engines.items():
            sizes = f"{engine.rows} rows, {engine.inputs} inputs, {engine.lanes} lanes"
            if engine.loop_order is LoopOrder.OUTPUT_STATIONARY:
                sizes += ", output stationary"
            yield f"  {name}: {sizes}"
        for name, lanes in design.tiling.node_lanes.items():
            yield f"  {name}: {lanes} lanes"
    for assignment in design.assignments if isinstance(design, Assigned) else ():
        group = (
            ""
            if assignment.weights.scale_group is None
            else f", a multiplier {'and an offset ' if assignment.weights.has_offsets else ''}"
            f"for {assignment.weights.scale_group} inputs"
        )
        yield f"engine {assignment.instance}: {assignment.weights.bits}-bit weights{group}"
        yield from (f"  {node} in each layer" for node in assignment.body)
        yield from (f"  {node} after the layers" for node in assignment.tail)
    if not isinstance(design, Dataflow):
        return
    for instance in design.instances:
        yield f"part {instance.name}: {_kind(instance)}, {instance.scope.value}"
    for channel in design.channels:
        depth = queue_beats(design, channel) if isinstance(design, SizedNetlist) else None
        yield from _stream(channel, depth)
    if isinstance(design, Grouped):
        yield from (f"group {n}: {task}" for n, group in enumerate(design.fused.groups)
                    for task in group.tasks)  # fmt: skip
        yield from (f"through memory {name}" for name in design.fused.cuts)
    if isinstance(design, Netlist):
        yield "memory"
        for region in design.memory.regions:
            yield f"  {region.name}: {region.bytes} bytes at {region.offset:#x}"
        for title, run in (("each layer", design.memory.body), ("tail", design.memory.tail)):
            yield f"parameters of {title}"
            yield from (f"  {_segments(segments)}" for segments in run)
    if isinstance(design, PartitionedNetlist) and design.board.dies:
        yield "dies"
        yield from (f"  {name} on {' '.join(dies)}" for name, dies in design.slices.dies.items())
    if isinstance(design, PlacedNetlist):
        yield "memory ports"
        for name, ports in design.placement.ports.items():
            yield f"  {name} at {' '.join(ports)}"
        yield "memories"
        for store in design.placement.stores:
            memory = store.memory
            if len(ram_options(memory, design.board.family)) > 1:
                yield f"  {store.owner}: {memory.depth} x {memory.width} in {store.kind.value}"


def _kind(instance: Instance) -> str:
    part = instance.part
    if isinstance(part, InfrastructureSpec):
        return part.label
    if isinstance(part, ConverterSpec):
        block = "x".join(map(str, part.plan.block))
        shared = len(part.plan.shared)
        return (
            f"converter {part.kind.value}, {part.buffers} x {block} elements, {shared} shared loops"
        )
    region = "" if instance.region is None else f" at {instance.region}"
    return f"{part.label}{region}"


def _stream(channel: Channel, beats: int | None) -> Iterator[str]:
    yield f"stream {channel}"
    carries = "" if channel.value is None else f" of {channel.value}"
    depth = "" if beats is None else f", {beats} beats deep"
    yield f"  {channel.scope.value}{carries}{depth}"
    produced, consumed = str(channel.produced), str(channel.consumed)
    if produced == consumed:
        yield f"  {produced}"
    else:
        yield f"  from {produced}"
        yield f"  to   {consumed}"


def _segments(segments: Segments) -> str:
    parts = [f"{beats} beats to {name}" for name, beats in segments.parts]
    for index in range(segments.ahead):
        parts[index] += " one tile ahead"
    times = "" if segments.repeat == 1 else f" {segments.repeat} times"
    return f"{segments.node}:{times} {', '.join(parts)}"
