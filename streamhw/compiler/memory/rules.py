# SPDX-License-Identifier: Apache-2.0
"""What a layer kind has in external memory, and how it lies there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ...graph import Graph, Node, Op
from ...quantization.plan import QuantizationPlan
from ...quantization.quantized_model import Parameters, QuantizedModel
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling
from .segments import Segments

__all__ = ["MemoryContext", "MemoryRule", "MemoryRules", "padded_rows", "row_bytes"]

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class MemoryContext:
    """What the layout of memory follows from."""

    quantization: QuantizationPlan
    tiling: Tiling
    assignments: tuple[EngineAssignment, ...]
    beat_bits: int

    @property
    def graph(self) -> Graph:
        return self.quantization.graph

    @property
    def beat_bytes(self) -> int:
        """Bytes of a memory beat."""
        return self.beat_bits // 8

    @property
    def layers(self) -> int:
        """Iterations of the loop."""
        return self.graph.loops[0].trips

    def streamed(self, node: Node, port: str, *, bits: int) -> Segments:
        """A word of parameters for each feature of a node's value, streamed to a port of the
        kernel of its name once a layer."""
        features = self.graph.shapes[node.name][-1]
        beats = ceil(bits * int(features) / self.beat_bits)
        return Segments(node.name, 1, ((f"{node.name}_{port}", beats),))


@dataclass(frozen=True, kw_only=True)
class MemoryRule:
    """What a layer kind has in memory: one function each, ``None`` where it has nothing.

    segments: its parameters in a layer, that memory sends in the order of use
    pack: their bytes; padding at the end may be left out
    early: whether a node works while its operand streams: it must have its parameters before the
        matrix whose results it takes, or both would wait for ever
    leads: whether its parameters stand in front of all others of a layer: it works before the
        matrices whose results it takes are through
    stored: bytes of a region of its own, of the node's name, that its kernel reads by address
    content: the bytes of that region in pieces
    working: bytes by name of regions that its kernels write and read
    """

    segments: Callable[[MemoryContext, Node], Segments | None] | None = None
    pack: Callable[[MemoryContext, Node, Segments, Parameters], Bytes] | None = None
    early: bool = False
    leads: bool = False
    stored: Callable[[MemoryContext, Node], int] | None = None
    content: Callable[[MemoryContext, QuantizedModel, Node], Iterator[Bytes]] | None = None
    working: Callable[[MemoryContext, Node], Mapping[str, int]] | None = None


MemoryRules = Mapping[type[Op], MemoryRule]


def row_bytes(features: int, beat: int) -> int:
    """Bytes of a row of an s16 table, padded to whole beats."""
    return ceil(features * 2 / beat) * beat


def padded_rows(table: Bytes, beat: int) -> Bytes:
    """The bytes of an s16 table [rows, bytes] with each row padded to whole beats."""
    size = table.shape[1]
    padded = np.zeros((len(table), row_bytes(size // 2, beat)), dtype=np.uint8)
    padded[:, :size] = table
    return padded.reshape(-1)
