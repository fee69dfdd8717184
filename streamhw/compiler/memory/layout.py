# SPDX-License-Identifier: Apache-2.0
"""External memory: where tables, parameters and caches lie, and in which order they are read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ...errors import BuildError
from ...graph.rules import rule_of
from ...quantization.quantized_model import QuantizedModel
from .rules import MemoryContext, MemoryRules
from .segments import Segments

__all__ = ["MemoryPlan", "Region", "image", "plan_memory"]

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
    def working(self) -> int:
        """Bytes behind the image: caches, and streams that go through memory."""
        return self.total - self.stored

    @property
    def targets(self) -> tuple[str, ...]:
        """Streams that parameters go to, in order of first use."""
        found = dict.fromkeys(
            name for run in (self.body, self.tail) for s in run for name, _ in s.parts
        )
        return tuple(found)


def plan_memory(
    context: MemoryContext,
    rules: MemoryRules,
    available: int,
    spills: Mapping[str, int] | None = None,
) -> MemoryPlan:
    """Lays out tables, parameters, caches and spilled streams (bytes by region).

    rules: of the layer kinds

    Ensures  parameters stand in the order in which a step uses them, so that one pass over memory
             feeds it; no region overlaps another
    Raises   ``BuildError`` if memory is too small, with both sizes
    """
    graph, beat = context.graph, context.beat_bytes
    body: list[Segments] = []
    tail: list[Segments] = []
    for node, loop in graph.walk():
        rule = rule_of(rules, node)
        segments = None if rule.segments is None else rule.segments(context, node)
        if segments is not None:
            run = tail if loop is None else body
            ahead = rule.early and run and run[-1].node in node.inputs
            run.insert(0 if rule.leads else len(run) - 1 if ahead else len(run), segments)
    layers = context.layers
    stride = sum(s.beats for s in body) * beat
    regions: list[Region] = []

    def add(name: str, size: int) -> None:
        begin = ceil(regions[-1].end / PAGE) * PAGE if regions else 0
        regions.append(Region(name, begin, size))

    for node, _ in graph.walk():
        stored = rule_of(rules, node).stored
        if stored is not None:
            add(node.name, stored(context, node))
    add("body", stride * layers)
    add("tail", sum(s.beats for s in tail) * beat)
    end = regions[-1].end
    for node, _ in graph.walk():
        working = rule_of(rules, node).working
        for name, size in ({} if working is None else working(context, node)).items():
            add(name, size)
    for name, size in (spills or {}).items():
        add(name, size)
    plan = MemoryPlan(
        beat_bytes=beat,
        regions=tuple(regions),
        body=tuple(body),
        tail=tuple(tail),
        stride=stride,
        stored=end,
    )
    if plan.total > available:
        raise BuildError(
            f"Model {graph.name} must fit into {available:,} bytes of memory, but needs "
            f"{plan.total:,}: {plan.total - available:,} too many",
            hint=f"{plan.working:,} of them grow with the context of {graph.context:,} positions: "
            "--context N builds for fewer"
            if plan.stored <= available
            else None,
        )
    return plan


def image(
    plan: MemoryPlan, context: MemoryContext, rules: MemoryRules, quantized: QuantizedModel
) -> Iterator[NDArray[np.uint8]]:
    """The stored part of memory from its first byte on, in pieces, gaps filled with zeros."""
    written = 0
    graph = context.graph

    def packed(segments: Segments, layer: int | None) -> NDArray[np.uint8]:
        """One node's parameters in one layer, but for padding at their end."""
        node = graph.node(segments.node)
        pack = rule_of(rules, node).pack
        values = quantized.parameters(node.name, layer)
        assert pack is not None and values is not None
        return pack(context, node, segments, values)

    def pieces() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for node, _ in graph.walk():
            content = rule_of(rules, node).content
            if content is not None:
                at = plan.region(node.name).offset
                for piece in content(context, quantized, node):
                    yield at, piece
                    at += len(piece)
        for layer in range(context.layers):
            at = plan.region("body").offset + layer * plan.stride
            for segments in plan.body:
                yield at, packed(segments, layer)
                at += segments.beats * plan.beat_bytes
        at = plan.region("tail").offset
        for segments in plan.tail:
            yield at, packed(segments, None)
            at += segments.beats * plan.beat_bytes

    for offset, piece in pieces():
        if offset > written:
            yield np.zeros(offset - written, dtype=np.uint8)
        yield piece
        written = offset + len(piece)
