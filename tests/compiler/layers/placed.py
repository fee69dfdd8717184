# SPDX-License-Identifier: Apache-2.0
"""A quantized model and its place in memory, asked node by node."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from streamhw.compiler.layers.layer import Layer
from streamhw.compiler.memory.rules import MemoryContext
from streamhw.graph import Node
from streamhw.quantization.quantized_model import QuantizedModel

__all__ = ["Placed", "check_segments", "check_table"]


@dataclass(frozen=True)
class Placed:
    """A quantized model, and what its layout in memory follows from."""

    context: MemoryContext
    quantized: QuantizedModel

    def nodes(self, layer: Layer) -> Iterator[tuple[Node, int | None]]:
        """The nodes of a kind, with the first layer that has each."""
        for node, loop in self.context.graph.walk():
            if isinstance(node.op, layer.op):
                yield node, 0 if loop else None


def check_segments(placed: Placed, layer: Layer) -> int:
    """What is packed for a node fits the beats that its segments say; how many nodes have any."""
    segments_of, pack = layer.memory.segments, layer.memory.pack
    assert segments_of is not None and pack is not None
    seen = 0
    for node, number in placed.nodes(layer):
        segments = segments_of(placed.context, node)
        if segments is None:
            continue
        values = placed.quantized.parameters(node.name, number)
        packed = pack(placed.context, node, segments, values)
        room = segments.beats * placed.context.beat_bytes
        assert packed.dtype == np.uint8 and packed.ndim == 1
        assert room - placed.context.beat_bytes < len(packed) <= room, node.name
        seen += 1
    return seen


def check_table(placed: Placed, layer: Layer) -> int:
    """The content of each node's region is as long as its rule says; how many have one."""
    stored, content = layer.memory.stored, layer.memory.content
    assert stored is not None and content is not None
    seen = 0
    for node, _ in placed.nodes(layer):
        size = sum(len(part) for part in content(placed.context, placed.quantized, node))
        assert size == stored(placed.context, node) > 0
        assert size % placed.context.beat_bytes == 0
        seen += 1
    return seen
