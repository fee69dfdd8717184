# SPDX-License-Identifier: Apache-2.0
"""Memory for values between kernels: what a layer would need without fusion, and what it needs."""

from collections import defaultdict
from dataclasses import dataclass

from ...graph import Graph
from ...stream.control.scope import Scope
from ...stream.converter.spec import ConverterSpec
from ...stream.spec import Role
from ..ir.levels import SizedNetlist
from ..ir.netlist import Channel, Instance
from ..ir.serving import dmas

__all__ = ["IntermediateMemory", "IntermediateRow", "intermediate_memory"]

ORIGINAL_BITS = 8
"""Bits of an element where nothing is fused: activations of the published designs (W4A8)."""


@dataclass(frozen=True, kw_only=True)
class IntermediateRow:
    """One value of a layer.

    original: bits of the whole tensor, 0 for a value that another row counts
    converters, fifos: bits on chip; spilled: bits on chip of what moves it through memory
    """

    value: str
    original: int
    converters: int
    fifos: int
    spilled: int

    @property
    def fused(self) -> int:
        return self.converters + self.fifos + self.spilled


@dataclass(frozen=True, kw_only=True)
class IntermediateMemory:
    """Values between the kernels of a layer, for a sequence of ``tokens``.

    stored: bits of the operand stores of matrix engines, which take the place of converters
    """

    tokens: int
    rows: tuple[IntermediateRow, ...]
    stored: int

    @property
    def original(self) -> int:
        """Bits of all tensors, each held as a whole."""
        return sum(row.original for row in self.rows)

    @property
    def without_matrices(self) -> int:
        """The same without scores and probabilities, which grow with the square of the tokens."""
        return sum(row.original for row in self.rows if "." not in row.value)

    @property
    def fused(self) -> int:
        """Bits of all converters, FIFOs and buffers of what goes through memory."""
        return sum(row.fused for row in self.rows)

    @property
    def share(self) -> float:
        """Of the original, what is on chip between kernels or stored for an engine."""
        return (self.fused + self.stored) / self.original


def intermediate_memory(design: SizedNetlist, tokens: int | None = None) -> IntermediateMemory:
    """The on-chip memory between kernels of a layer, and what the unfused layer would hold.

    Original: the sum of all tensors between nodes of one layer for a sequence of ``tokens`` (the
    context, unless given) at 8 bits an element: the layer's input, and each node's result but the
    last, which is the next layer's input. A matrix of scores and one of probabilities, tokens x
    tokens for each head, are among them. Parts that a value is cut into are not counted again; keys
    and values in the cache are state, not counted.
    Fused: the bits of all converters and FIFOs on streams of these values, whatever the number
    format, and of the buffers of streams that go through external memory. They do not depend on
    the sequence. Buffers within kernels are in neither sum.
    """
    count = design.graph.context if tokens is None else tokens
    if not 1 <= count <= design.graph.context:
        raise ValueError(f"tokens must be 1 to the context of {design.graph.context}, not {count}")
    streams = [c for c in design.channels if c.scope is Scope.BODY and c.value is not None]
    fifos: dict[str, int] = defaultdict(int)
    for channel in streams:
        fifos[str(channel.value)] += design.queues[channel.name] * channel.consumed.beat_bits
    value_of = {channel.source.instance: channel.value for channel in streams}
    into = {channel.sink.instance: channel for channel in streams}
    converters: dict[str, int] = defaultdict(int)
    spilled: dict[str, int] = defaultdict(int)
    memories = {
        i.name: sum(memory.bits for memory in i.part.resources().memories) for i in design.instances
    }
    access = {str(dma.serves): memories[dma.name] for dma in dmas(design.instances)}
    for instance in design.instances:
        name = instance.name
        if isinstance(instance.part, ConverterSpec) and name in value_of:
            converters[str(value_of[name])] += memories[name]
        if instance.part.behaviour().memory.spilled:
            value = _spilled_value(instance, into, value_of)
            spilled[value] += memories[name] + access.get(name, 0)
    original = _originals(design.graph, count)
    names = dict.fromkeys([*original, *(str(c.value) for c in streams)])
    return IntermediateMemory(
        tokens=count,
        stored=sum(i.part.behaviour().stored_bits for i in design.instances),
        rows=tuple(
            IntermediateRow(
                value=name,
                original=original.get(name, 0),
                converters=converters[name],
                fifos=fifos[name],
                spilled=spilled[name],
            )
            for name in names
        ),
    )


def _spilled_value(
    instance: Instance, into: dict[str, Channel], value_of: dict[str, str | None]
) -> str:
    """The value that a kernel of a pair moves: a writer takes it in, a reader sends it on."""
    taken = into.get(instance.name)
    if taken is not None and instance.has(Role.MEM_WRITE):
        return str(taken.value)
    return str(value_of[instance.name])


def _originals(graph: Graph, tokens: int) -> dict[str, int]:
    """Bits of each tensor of a layer for so many tokens."""
    (loop,) = graph.loops
    found = {loop.carried: _features(graph, loop.carried)}
    for node in loop.body:
        if (attention := node.op.attention) is not None:
            for role in ("scores", "probabilities"):
                found[f"{node.name}.{role}"] = attention.heads * tokens
        if node.op.row_part is None and node.name != loop.result:
            found[node.name] = _features(graph, node.name)
    return {name: tokens * size * ORIGINAL_BITS for name, size in found.items()}


def _features(graph: Graph, name: str) -> int:
    size = graph.shapes[name][-1]
    assert isinstance(size, int)
    return size
