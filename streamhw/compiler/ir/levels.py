# SPDX-License-Identifier: Apache-2.0
"""The levels of a compilation: each holds what the one before holds, and what its stage decided.

    Quantized -> Assigned -> Mapped -> Dataflow -> Grouped -> Netlist -> PartitionedNetlist
              -> SizedNetlist -> PlacedNetlist

A level is plain data: it compares, hashes and pickles, and no field of it is ever missing. What
reads a decision takes the level that has it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ...boards.base import Board
from ...boards.target import DesignTarget
from ...frozen_map import freeze
from ...graph import Graph
from ...quantization.plan import QuantizationPlan
from ..config import BuildConfig
from ..fifo import Depths
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling
from ..memory.layout import MemoryPlan
from .fused import Fused
from .netlist import Channel, Instance
from .placement import Placement, Slices

__all__ = [
    "Assigned",
    "Dataflow",
    "Grouped",
    "Mapped",
    "Netlist",
    "PartitionedNetlist",
    "PlacedNetlist",
    "Quantized",
    "SizedNetlist",
]

L = TypeVar("L", bound="Quantized")


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """A graph whose values have integer formats, for a board.

    config: what the user asked for; quantization: formats, and how each node computes
    """

    board: Board
    config: BuildConfig
    quantization: QuantizationPlan

    @property
    def graph(self) -> Graph:
        return self.quantization.graph

    @property
    def cache_bits(self) -> int:
        """Of an element of keys and values in memory."""
        return self.quantization.config.cache_bits

    def to(self, level: type[L], **decided: Any) -> L:
        """Another level of the same: what it has of this one, with what a stage decided."""
        names = {field.name for field in fields(level)}
        held = {f.name: getattr(self, f.name) for f in fields(self) if f.name in names}
        return level(**{**held, **decided})


@dataclass(frozen=True, kw_only=True)
class Assigned(Quantized):
    """Each matrix product has its engine."""

    assignments: tuple[EngineAssignment, ...]


@dataclass(frozen=True, kw_only=True)
class Mapped(Assigned):
    """Every kernel has its sizes.

    target: what was aimed at: the board's recommendation, changed by what the user asked for
    """

    target: DesignTarget
    tiling: Tiling


@dataclass(frozen=True, kw_only=True)
class Dataflow(Mapped):
    """Kernels, and the streams of values between them.

    A level of its own, because fusion must still decide what flows on chip: nothing is in memory
    yet, and ports for memory, parameters and control are open.
    """

    instances: tuple[Instance, ...]
    channels: tuple[Channel, ...]

    def instance(self, name: str) -> Instance:
        """The instance of that name; raises ``KeyError`` if there is none."""
        for instance in self.instances:
            if instance.name == name:
                return instance
        raise KeyError(f"Design has no instance {name!r}")

    def into(self, instance: str) -> Iterator[Channel]:
        """The streams that end at an instance."""
        return (c for c in self.channels if c.sink.instance == instance)

    def out_of(self, instance: str) -> Iterator[Channel]:
        """The streams that begin at an instance."""
        return (c for c in self.channels if c.source.instance == instance)


@dataclass(frozen=True, kw_only=True)
class Grouped(Dataflow):
    """It is decided which streams stay on chip; the others pass kernels that write and read memory.

    A level of its own, because the memory map must know all of them.
    """

    fused: Fused


@dataclass(frozen=True, kw_only=True)
class Netlist(Grouped):
    """Memory has its map, and each part that asks for memory its DMA. After the stage ``control``
    no port is open."""

    memory: MemoryPlan


@dataclass(frozen=True, kw_only=True)
class PartitionedNetlist(Netlist):
    """Parts have their dies, and streams between dies their register slices.

    A level of its own, because register slices are parts whose queues must be sized.
    """

    slices: Slices


@dataclass(frozen=True, kw_only=True)
class SizedNetlist(PartitionedNetlist):
    """Every stream has its queue.

    queues: beats of each, by stream; 0 for a wire; depths: what they were decided by
    """

    queues: Mapping[str, int]
    depths: Depths

    def __post_init__(self) -> None:
        freeze(self, "queues")


@dataclass(frozen=True, kw_only=True)
class PlacedNetlist(SizedNetlist):
    """Memory ports, kinds of on-chip memory and cells of each die: all that emission needs."""

    placement: Placement
