# SPDX-License-Identifier: Apache-2.0
"""What the stages partition and place decided: reports and emission read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...frozen_map import freeze
from ..resources.fpga_cells import Cells, RamKind
from ..resources.ram_mapping import Store

__all__ = ["Placement", "Slices"]


@dataclass(frozen=True)
class Slices:
    """What the partition stage decided.

    dies: by part, the dies that it touches: one, but for a slice, which begins at its source's and
        ends at its sink's
    crossing_bits: wires over all boundaries; gap: as in ``dies.Partition``
    """

    dies: Mapping[str, tuple[str, ...]]
    crossing_bits: int = 0
    gap: float = 0.0

    def __post_init__(self) -> None:
        freeze(self, "dies")


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where things are, and what they are made of.

    ports: the memory ports of each DMA, as many as its data is striped over
    port_cycles: by memory port, the cycles that it works in a step at the end of the context
    cells: the estimate of each part, of the registers (``control``) and of arbiters
    queues: of the queues of all streams
    stores: every on-chip memory with its kind; a queue's owner is its submodule's name
    dies: by part, the dies that it touches: one, but for a register slice, which begins at its
        source's and ends at its sink's, and for parts that are split
    used: by die, the cells of everything on it
    crossing_bits: wires over all boundaries between dies; gap: by how much of it a better
        partition might have less, 0 if there is none
    """

    ports: Mapping[str, tuple[str, ...]]
    cells: Mapping[str, Cells]
    queues: Cells
    port_cycles: Mapping[str, float] = field(default_factory=dict)
    stores: tuple[Store, ...] = ()
    dies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    used: Mapping[str, Cells] = field(default_factory=dict)
    crossing_bits: int = 0
    gap: float = 0.0

    def __post_init__(self) -> None:
        freeze(self, "ports", "cells", "port_cycles", "dies", "used")

    def kinds(self, owner: str) -> tuple[RamKind, ...]:
        """What the memories of a part, or of a queue, are made of, each kind once."""
        return tuple(dict.fromkeys(s.kind for s in self.stores if s.owner == owner))

    @property
    def total(self) -> Cells:
        return sum(self.cells.values(), self.queues)
