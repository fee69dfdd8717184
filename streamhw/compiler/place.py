# SPDX-License-Identifier: Apache-2.0
"""Placement: memory ports of the DMAs, kinds of on-chip memory, and the board's budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..boards.base import Board
from ..errors import BuildError
from ..kernels.base import Memory, Resources
from .cost import Cells, cells_of, ram_cells

__all__ = ["Placement", "check_budget", "place"]


class Costed(Protocol):
    """Whatever has an estimate."""

    def resources(self) -> Resources: ...


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where things are.

    ports: the memory port of each DMA; cells: the estimate of each part; queues: of all queues
    """

    ports: Mapping[str, str]
    cells: Mapping[str, Cells]
    queues: Cells

    @property
    def total(self) -> Cells:
        total = self.queues
        for cells in self.cells.values():
            total += cells
        return total


def place(
    board: Board,
    parts: Sequence[tuple[str, Costed]],
    dmas: Sequence[str],
    parameter_dma: str,
    queues: Sequence[Memory],
) -> Placement:
    """Assigns memory ports and estimates cells.

    Chooses  the first memory port for parameters, by far the most traffic; the others in turn for
             everything else, or the first for all if there is only one
    """
    others = [port.name for port in board.ports[1:]] or [board.ports[0].name]
    ports = {parameter_dma: board.ports[0].name}
    for index, name in enumerate(name for name in dmas if name != parameter_dma):
        ports[name] = others[index % len(others)]
    cells = {name: cells_of(part.resources(), board.family) for name, part in parts}
    waiting = Cells()
    for memory in queues:
        waiting += ram_cells(memory, board.family)
        waiting += Cells(luts=12, ffs=16)
    return Placement(ports=ports, cells=cells, queues=waiting)


def check_budget(board: Board, total: Cells, model: str) -> None:
    """Raises ``BuildError`` that names each kind of cell of which the board has too few."""
    budget = board.budget
    over = [
        f"{used:,} {kind} of {have:,} ({used - have:,} too many)"
        for kind, used, have in (
            ("LUTs", total.luts, budget.luts),
            ("FFs", total.ffs, budget.ffs),
            ("DSPs", total.dsps, budget.dsps),
            ("block RAMs", total.block_ram, budget.block_ram),
            ("URAMs", total.ultra_ram, budget.ultra_ram),
        )
        if used > have
    ]
    if over:
        raise BuildError(
            f"Model {model} must fit on board {board.name}, but needs {', '.join(over)}",
            hint="a smaller engine (--multipliers) or a smaller group (--group) needs fewer cells",
        )
