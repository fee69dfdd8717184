# SPDX-License-Identifier: Apache-2.0
"""RAM kinds: what each on-chip memory is made of, so that the scarcest cells are spent least."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from ...boards.base import Budget, Family
from ...errors import InternalError
from ...stream.spec import Memory
from .fpga_cells import Cells, RamKind, ram_options

__all__ = ["LIMITED", "OVERFLOW", "Store", "choose_kinds", "overflow", "scarcity"]

LIMITED = ("luts", "block_ram", "ultra_ram")
"""Cells of which memories are made."""
OVERFLOW = 1e4
"""Price of exceeding a budget by its whole: more than any choice saves."""
NODES = 10_000
WEIGHTS = {"luts": 4.0, "block_ram": 1.0, "ultra_ram": 1.0}
"""How bad it is to use a kind up: all logic needs LUTs, and only memories need blocks."""
LEAST = 0.01
"""Share of a budget that counts as free when less is."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """A memory at its place.

    owner: the part, or the stream whose queue it is; die: where
    kind, cells: what it is made of
    """

    owner: str
    memory: Memory
    die: str
    kind: RamKind
    cells: Cells


def choose_kinds(
    memories: Sequence[tuple[str, Memory, str]],
    free: Mapping[str, Mapping[str, float]],
    budgets: Mapping[str, Budget],
    family: Family,
) -> tuple[Store, ...]:
    """What each of ``memories`` (owner, memory, die) is made of.

    free: by die and kind of cell, what logic leaves of a budget
    Chooses  the kinds with the least sum of ``scarcity`` among those that fit: each for itself the
             cheapest if that fits, which no other choice beats; else the optimum of an integer
             program
    Ensures  no die has more cells than are free, if any choice achieves that; else the sum of what
             exceeds, in shares of the budgets, is least
    """
    options = [ram_options(memory, family) for _, memory, _ in memories]
    cheapest = []
    for have, (_, _, die) in zip(options, memories, strict=True):
        price = {kind: scarcity(cells, free[die], budgets[die]) for kind, cells in have.items()}
        cheapest.append(min(price, key=price.__getitem__))
    stores = _stores(memories, options, cheapest)
    if not overflow(stores, free):
        return stores
    return _stores(memories, options, _program(memories, options, free, budgets))


def scarcity(cells: Cells, free: Mapping[str, float], budget: Budget) -> float:
    """The weighted sum of the shares that a memory takes of what logic leaves of each kind."""
    left = {kind: max(free[kind], LEAST * getattr(budget, kind), 1e-6) for kind in LIMITED}
    return float(sum(WEIGHTS[kind] * getattr(cells, kind) / n for kind, n in left.items()))


def overflow(
    stores: Sequence[Store], free: Mapping[str, Mapping[str, float]]
) -> dict[tuple[str, str], float]:
    """By die and kind of cell, how many are missing."""
    used: Counter[tuple[str, str]] = Counter()
    for store in stores:
        for cell in LIMITED:
            used[store.die, cell] += getattr(store.cells, cell)
    missing = {(die, cell): n - free[die][cell] for (die, cell), n in used.items() if n}
    return {key: n for key, n in missing.items() if n > 0}


def _stores(
    memories: Sequence[tuple[str, Memory, str]],
    options: Sequence[Mapping[RamKind, Cells]],
    chosen: Sequence[RamKind],
) -> tuple[Store, ...]:
    return tuple(
        Store(owner=owner, memory=memory, die=die, kind=kind, cells=have[kind])
        for (owner, memory, die), have, kind in zip(memories, options, chosen, strict=True)
    )


def _program(
    memories: Sequence[tuple[str, Memory, str]],
    options: Sequence[Mapping[RamKind, Cells]],
    free: Mapping[str, Mapping[str, float]],
    budgets: Mapping[str, Budget],
) -> list[RamKind]:
    """Counts of equal memories of one die by kind, as an integer program with slack."""
    groups: dict[tuple[Memory, str], list[int]] = {}
    for index, (_, memory, die) in enumerate(memories):
        groups.setdefault((memory, die), []).append(index)
    columns = [
        (group, kind, options[members[0]][kind])
        for group, members in groups.items()
        for kind in options[members[0]]
    ]
    rows = [(die, cell) for die in budgets for cell in LIMITED]
    slack = len(columns)
    width = slack + len(rows)
    price = np.zeros(width)
    upper = np.full(width, np.inf)
    whole = np.zeros(len(groups))
    every = np.zeros((len(groups), width))
    use = np.zeros((len(rows), width))
    limit = np.zeros(len(rows))
    for column, ((memory, die), _, cells) in enumerate(columns):
        price[column] = scarcity(cells, free[die], budgets[die])
        row = list(groups).index((memory, die))
        upper[column] = whole[row] = len(groups[memory, die])
        every[row, column] = 1
        for row, (where, cell) in enumerate(rows):
            scale = max(getattr(budgets[where], cell), 1)
            use[row, column] = getattr(cells, cell) / scale if where == die else 0
    for row, (die, cell) in enumerate(rows):
        limit[row] = free[die][cell] / max(getattr(budgets[die], cell), 1)
        use[row, slack + row] = -1
        price[slack + row] = OVERFLOW
    found = milp(
        price,
        integrality=[1] * slack + [0] * len(rows),
        bounds=Bounds(0, upper),
        constraints=[LinearConstraint(every, whole, whole), LinearConstraint(use, -np.inf, limit)],
        options={"mip_rel_gap": 0.0, "node_limit": NODES},
    )
    if found.x is None:
        raise InternalError(f"Program of RAM kinds must have an answer, but: {found.message}")
    counts = [round(n) for n in found.x[:slack]]
    chosen = [RamKind.DISTRIBUTED] * len(memories)
    left = {group: list(members) for group, members in groups.items()}
    for (group, kind, _), count in zip(columns, counts, strict=True):
        for _ in range(count):
            chosen[left[group].pop(0)] = kind
    return chosen
