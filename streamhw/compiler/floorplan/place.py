# SPDX-License-Identifier: Apache-2.0
"""Placement: memory ports of the DMAs, kinds of on-chip memory, and the budget of each die."""

from collections.abc import Mapping

from ...boards.base import Board, Budget
from ...errors import DoesNotFitError
from ..ir.levels import SizedNetlist
from ..ir.placement import Placement
from ..ir.serving import dmas, is_write_dma, parameter_dma_of, sequencer_of
from ..performance.estimate import Estimate
from ..resources.fpga_cells import KINDS, Cells, logic_cells
from ..resources.ram_mapping import choose_kinds
from .kernel_slices import split_parts
from .port_assignment import Demand, assign_ports
from .top_overhead import (
    arbiters,
    control,
    guards,
    observed_streams,
    observer_owner,
    observers,
    queue_of,
    queue_owner,
)

__all__ = ["check_budget", "demands_of", "placed"]

MEMORIES = ("luts", "block_ram", "ultra_ram")


def demands_of(design: SizedNetlist) -> list[Demand]:
    """What each DMA moves in a step of a full token batch at the end of the context."""
    estimate, memory = Estimate.sized(design), design.memory
    trips = design.graph.loops[0].trips
    moved = {dma.name: 0.0 for dma in dmas(design.instances)}
    serving = {dma.serves: dma.name for dma in dmas(design.instances)}
    for timeline, times in ((estimate.entry, 1), (estimate.body, trips), (estimate.tail, 1)):
        for task in timeline.tasks:
            if task.memory is not None:
                beats = task.traffic(estimate.bound())
                moved[serving[task.name]] += times * beats * design.board.beat_bits / 8
    parameters = parameter_dma_of(design.instances).name
    moved[parameters] += memory.stride * trips + memory.region("tail").bytes
    writers = {i.name for i in design.instances if is_write_dma(i)}
    return [
        Demand(
            dma=name,
            bytes=n,
            stripes=design.board.stripes,
            alone=name == parameters,
            writes=name in writers,
        )
        for name, n in moved.items()
    ]


def placed(design: SizedNetlist) -> Placement:
    """Assigns memory ports, chooses RAM kinds and counts the cells of each die.

    Ensures  everything fits
    Raises   ``DoesNotFitError`` if a die or the whole board has too few cells of a kind
    """
    board, slices = design.board, design.slices
    assignment = assign_ports(demands_of(design), board.ports)
    parts = split_parts(design)
    dies = {name: slices.dies[name] for name in parts}
    registers = control(design)
    parts |= registers
    parts |= arbiters(design, assignment.ports) | guards(design, assignment.ports)
    dies |= dict.fromkeys(registers, dies[sequencer_of(design.instances).name])
    for name in parts:
        dies.setdefault(name, (board.memory_die,))
    parts |= observers(design, dies)
    dies |= {observer_owner(die): (die,) for die in observed_streams(design, dies)}
    queues = {
        queue_owner(c.name): (queue_of(c, depth), dies[c.sink.instance][0])
        for c in design.channels
        if (depth := design.queues[c.name])
    }
    # A slice has its memory at its end.
    where = {name: at[-1] for name, at in dies.items()} | {n: die for n, (_, die) in queues.items()}
    every = parts | {name: resources for name, (resources, _) in queues.items()}
    logic = {name: logic_cells(resources, board.family) for name, resources in every.items()}
    budgets = {die.name: die.budget for die in board.stack}
    free = {die: _free(board, die, where, logic, design.target.die_fill) for die in budgets}
    memories = [(n, memory, where[n]) for n, r in every.items() for memory in r.memories]
    stores = choose_kinds(memories, free, budgets, board.family)
    total = dict(logic)
    for store in stores:
        total[store.owner] += store.cells
    used = dict.fromkeys(budgets, Cells())
    for name, cells in total.items():
        used[where[name]] += cells
    placement = Placement(
        ports=assignment.ports,
        port_cycles=assignment.cycles,
        cells={name: total[name] for name in parts},
        queues=sum((total[name] for name in queues), Cells()),
        stores=stores,
        dies=dies,
        used=used,
        crossing_bits=slices.crossing_bits,
        gap=slices.gap,
    )
    check_budget(board, placement.total, design.graph.name)
    _check_dies(board, used)
    return placement


def _free(
    board: Board, die: str, where: Mapping[str, str], logic: Mapping[str, Cells], fill: float
) -> dict[str, float]:
    """What logic leaves for memories, of the share of a die that is planned with."""
    budget = next(d.budget for d in board.stack if d.name == die)
    share = fill if board.dies else 1.0
    taken = [cells for name, cells in logic.items() if where[name] == die]
    return {
        kind: share * getattr(budget, kind) - sum(getattr(c, kind) for c in taken)
        for kind in MEMORIES
    }


def check_budget(board: Board, total: Cells, model: str) -> None:
    """Raises ``DoesNotFitError`` that names each kind of cell of which the board has too few."""
    if over := _over(board.budget, total):
        raise DoesNotFitError(
            f"Model {model} must fit on board {board.name}, but needs {over}",
        )


def _check_dies(board: Board, used: Mapping[str, Cells]) -> None:
    for die in board.stack:
        if over := _over(die.budget, used[die.name]):
            raise DoesNotFitError(
                f"Die {die.name} of board {board.name} must hold its parts, but needs {over}",
            )


def _over(budget: Budget, used: Cells) -> str:
    return ", ".join(
        f"{need:,} {name} of {have:,} ({need - have:,} too many)"
        for cell, name in KINDS.items()
        for need, have in ((getattr(used, cell), getattr(budget, cell)),)
        if need > have
    )
