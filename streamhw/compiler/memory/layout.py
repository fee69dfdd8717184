# SPDX-License-Identifier: Apache-2.0
"""External memory: where tables, parameters and caches lie, and in which order they are read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ...errors import BuildError
from ...graph import Activation, Angles, Attention, Gather, Graph, Linear, Multiply, Node
from ...kernels.matmul.packing import memory_beats, pack_header, pack_weight
from ...quantization.plan import (
    ActivationPlan,
    LinearPlan,
    MultiplyPlan,
    NormPlan,
    QuantizationPlan,
)
from ...quantization.quantized_model import (
    ActivationParameters,
    AngleParameters,
    GatherParameters,
    LinearParameters,
    NormParameters,
    QuantizedModel,
)
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling, header_bytes
from .kv_cache import cache_layout

__all__ = ["MemoryPlan", "Region", "Segments", "image", "plan_memory"]

PAGE = 4096
"""Regions begin at multiples of this: no burst crosses it."""


@dataclass(frozen=True)
class Region:
    """A named range of memory, in bytes from the image's base."""

    name: str
    offset: int
    bytes: int

    @property
    def end(self) -> int:
        return self.offset + self.bytes


@dataclass(frozen=True)
class Segments:
    """The parameters of one node in one layer: ``repeat`` times (stream, beats) in turn.

    ahead: of the parts of a turn, the first ones that stand in front of the rest of the turn before
    """

    node: str
    repeat: int
    parts: tuple[tuple[str, int], ...]
    ahead: int = 0

    @property
    def beats(self) -> int:
        return self.repeat * sum(beats for _, beats in self.parts)

    @property
    def turns(self) -> tuple[tuple[int, tuple[tuple[str, int], ...]], ...]:
        """What stands in memory one after the other: how often, which parts in turn."""
        early, late = self.parts[: self.ahead], self.parts[self.ahead :]
        if not early or not late or self.repeat == 1:
            return ((self.repeat, self.parts),)
        return ((1, early), (self.repeat - 1, (*early, *late)), (1, late))


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """The memory map, and the parameters of a layer and of the tail in order of use.

    beat_bytes: bytes of a memory beat; stride: bytes from one layer's parameters to the next
    stored: bytes of the image; caches lie behind it
    """

    beat_bytes: int
    regions: tuple[Region, ...]
    body: tuple[Segments, ...]
    tail: tuple[Segments, ...]
    stride: int
    stored: int

    def region(self, name: str) -> Region:
        """The region of that name; raises ``KeyError`` if there is none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(f"Memory has regions {[r.name for r in self.regions]}, not {name!r}")

    @property
    def total(self) -> int:
        """Bytes of all regions."""
        return max(region.end for region in self.regions)

    @property
    def targets(self) -> tuple[str, ...]:
        """Streams that parameters go to, in order of first use."""
        found = dict.fromkeys(
            name for run in (self.body, self.tail) for s in run for name, _ in s.parts
        )
        return tuple(found)


def plan_memory(
    graph: Graph,
    quantization: QuantizationPlan,
    tiling: Tiling,
    assignments: tuple[EngineAssignment, ...],
    beat_bits: int,
    available: int,
    spills: Mapping[str, int] | None = None,
) -> MemoryPlan:
    """Lays out tables, parameters, caches and spilled streams (bytes by region).

    Ensures  parameters stand in the order in which a step uses them, so that one pass over memory
             feeds it; no region overlaps another
    Raises   ``BuildError`` if memory is too small, with both sizes
    """
    beat = beat_bits // 8
    body: list[Segments] = []
    tail: list[Segments] = []
    for node, loop in graph.walk():
        segments = _segments(node, quantization, tiling, assignments, beat)
        if segments is not None:
            run = tail if loop is None else body
            # An elementwise kernel works while its operand streams: it must have its parameters
            # before the matrix whose results it takes, or both would wait for ever.
            elementwise = isinstance(node.op, Activation | Multiply)
            ahead = elementwise and run and run[-1].node in node.inputs
            run.insert(len(run) - 1 if ahead else len(run), segments)
    layers = graph.loops[0].trips
    stride = sum(s.beats for s in body) * beat
    regions: list[Region] = []

    def add(name: str, size: int) -> None:
        begin = ceil(regions[-1].end / PAGE) * PAGE if regions else 0
        regions.append(Region(name, begin, size))

    for node, _ in graph.walk():
        if isinstance(node.op, Gather):
            add(node.name, node.op.rows * row_bytes(node.op.features, beat))
        if isinstance(node.op, Angles):
            tables = layers if len(node.op.bases) > 1 else 1
            add(node.name, tables * graph.context * row_bytes(node.op.features, beat))
    add("body", stride * layers)
    add("tail", sum(s.beats for s in tail) * beat)
    stored = regions[-1].end
    for node, _ in graph.walk():
        if isinstance(node.op, Attention):
            cache = cache_layout(node.op, tiling, graph.context, layers, beat_bits)
            add(f"{node.name}_key", cache.size)
            add(f"{node.name}_value", cache.size)
    for name, size in (spills or {}).items():
        add(name, size)
    plan = MemoryPlan(
        beat_bytes=beat,
        regions=tuple(regions),
        body=tuple(body),
        tail=tuple(tail),
        stride=stride,
        stored=stored,
    )
    if plan.total > available:
        raise BuildError(
            f"Model {graph.name} must fit into {available:,} bytes of memory, but needs "
            f"{plan.total:,}: {plan.total - available:,} too many"
        )
    return plan


def row_bytes(features: int, beat: int) -> int:
    """Bytes of a row of an s16 table, padded to whole beats."""
    return ceil(features * 2 / beat) * beat


def image(
    plan: MemoryPlan, graph: Graph, quantized: QuantizedModel, tiling: Tiling
) -> Iterator[NDArray[np.uint8]]:
    """The stored part of memory from its first byte on, in pieces, gaps filled with zeros."""
    written = 0

    def pieces() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for node, _ in graph.walk():
            if isinstance(node.op, Gather):
                values = quantized.parameters(node.name)
                assert isinstance(values, GatherParameters)
                table = values.table.astype("<i2", copy=False).view(np.uint8)
                yield plan.region(node.name).offset, _rows(table, plan.beat_bytes)
            if isinstance(node.op, Angles):
                at = plan.region(node.name).offset
                for layer in range(graph.loops[0].trips if len(node.op.bases) > 1 else 1):
                    angles = quantized.parameters(node.name, layer)
                    assert isinstance(angles, AngleParameters)
                    piece = _rows(angles.words.astype("<u4").view(np.uint8), plan.beat_bytes)
                    yield at, piece
                    at += len(piece)
        for layer in range(graph.loops[0].trips):
            at = plan.region("body").offset + layer * plan.stride
            for segments in plan.body:
                yield at, _bytes(segments, layer, quantized, tiling, plan.beat_bytes)
                at += segments.beats * plan.beat_bytes
        at = plan.region("tail").offset
        for segments in plan.tail:
            yield at, _bytes(segments, None, quantized, tiling, plan.beat_bytes)
            at += segments.beats * plan.beat_bytes

    for offset, piece in pieces():
        if offset > written:
            yield np.zeros(offset - written, dtype=np.uint8)
        yield piece
        written = offset + len(piece)


def _rows(table: NDArray[np.uint8], beat: int) -> NDArray[np.uint8]:
    """The bytes of an s16 table [rows, bytes] with each row padded to whole beats."""
    size = table.shape[1]
    padded = np.zeros((len(table), row_bytes(size // 2, beat)), dtype=np.uint8)
    padded[:, :size] = table
    return padded.reshape(-1)


def _segments(
    node: Node,
    quantization: QuantizationPlan,
    tiling: Tiling,
    assignments: tuple[EngineAssignment, ...],
    beat: int,
) -> Segments | None:
    plan = quantization.plans.get(node.name)
    features = quantization.graph.shapes[node.name][-1]
    if isinstance(plan, LinearPlan):
        assert isinstance(node.op, Linear)
        (assignment,) = (b for b in assignments if node.name in b.nodes)
        groups = 0 if assignment.scale_group is None else node.op.inputs // assignment.scale_group
        rows = tiling.engines[assignment.instance].rows
        return Segments(
            node.name,
            ceil(node.op.outputs / rows),
            (
                (f"{assignment.instance}_i_header", ceil(header_bytes(rows, groups) / beat)),
                (
                    f"{assignment.instance}_i_weight",
                    ceil(rows * node.op.inputs * assignment.weight_bits / 8 / beat),
                ),
            ),
            # A header has a longer way through narrower words than weights: the array works on a
            # tile while the header of the next one comes.
            ahead=1,
        )
    if isinstance(plan, NormPlan):
        size = ceil((4 if plan.centered else 2) * int(features) / beat)
        return Segments(node.name, 1, ((f"{node.name}_i_affine", size),))
    if isinstance(plan, ActivationPlan | MultiplyPlan) and plan.scale is not None:
        size = ceil(2 * int(features) / beat)
        return Segments(node.name, 1, ((f"{node.name}_i_scale", size),))
    return None


def _bytes(
    segments: Segments,
    layer: int | None,
    quantized: QuantizedModel,
    tiling: Tiling,
    beat: int,
) -> NDArray[np.uint8]:
    """One node's parameters in one layer as they lie in memory, but for padding at their end."""
    values = quantized.parameters(segments.node, layer)
    if isinstance(values, NormParameters):
        if values.beta is None:
            return values.gamma.astype("<i2").view(np.uint8)
        words = np.stack([values.gamma.astype("<i2"), values.beta.astype("<i2")], axis=1)
        return np.ascontiguousarray(words).view(np.uint8).reshape(-1)
    if isinstance(values, ActivationParameters):
        return values.scale.astype("<u2").view(np.uint8)
    assert isinstance(values, LinearParameters)
    plan = quantized.plans[segments.node]
    assert isinstance(plan, LinearPlan)
    engine = tiling.engines[segments.parts[0][0].removesuffix("_i_header")]
    padded = pad_rows(values, segments.repeat * engine.rows)
    header = pack_header(
        padded.bias, padded.mult, padded.shift, padded.group_multipliers, rows=engine.rows
    )
    words = pack_weight(padded.weight, rows=engine.rows, inputs=engine.inputs)
    packed = memory_beats(header, words, weight_bits=plan.weight_bits, width=8 * beat)
    return np.asarray(packed.reshape(-1))


def pad_rows(values: LinearParameters, rows: int) -> LinearParameters:
    """The matrix with rows added that give the least result, so that arg-max never takes them."""
    missing = rows - len(values.bias)
    if missing == 0:
        return values
    groups = values.group_multipliers
    return LinearParameters(
        weight=np.pad(values.weight, ((0, missing), (0, 0))),
        group_multipliers=None if groups is None else np.pad(groups, ((0, missing), (0, 0))),
        bias=np.pad(values.bias, (0, missing), constant_values=-(1 << 31)),
        mult=np.pad(values.mult, (0, missing), constant_values=1 << 15),
        shift=np.pad(values.shift, (0, missing)),
        row_step=np.pad(values.row_step, (0, missing)),
    )
