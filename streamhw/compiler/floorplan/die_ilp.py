# SPDX-License-Identifier: Apache-2.0
"""Die partition: which part is on which die, by an integer program over a stack of dies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NoReturn

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from ...boards.base import Die
from ...errors import BuildError, DoesNotFitError
from ..resources.fpga_cells import KINDS, Cells

__all__ = ["BALANCE", "DieBlock", "DieWire", "Partition", "cost_of", "partition"]

BALANCE = 256
"""Wires that it is worth to have the fullest die empty instead of full."""
OPTIMAL, INFEASIBLE = 0, 2
"""States of a search in which it ended before its last node."""
NODES = 200
"""Relaxations that are solved at most: a limit of time would tie the answer to the machine."""


@dataclass(frozen=True, kw_only=True)
class DieBlock:
    """What goes to one die as a whole: a part, parts that wires of no stream join, or a piece of a
    part that may be split.

    members: names of its parts; die: where it must be, if anywhere
    """

    name: str
    cells: Cells
    members: tuple[str, ...] = ()
    die: str | None = None


@dataclass(frozen=True, kw_only=True)
class DieWire:
    """Signals from a block to others: a stream, or what all pieces of a part take alike.

    bits: of a beat, with its handshake; signals with several sinks pass a boundary once for all
    """

    source: str
    sinks: tuple[str, ...]
    bits: int

    @property
    def ends(self) -> tuple[str, ...]:
        """Source and sinks."""
        return (self.source, *self.sinks)


@dataclass(frozen=True, kw_only=True)
class Partition:
    """Dies of all blocks.

    crossing_bits: wires over all boundaries; a wire that passes two counts twice
    fill: by die, the largest share of its budget
    gap: how far from the optimum this may be, as a share; 0: it is proven to be optimal
    """

    dies: Mapping[str, str]
    crossing_bits: int = 0
    fill: Mapping[str, float] = field(default_factory=dict)
    gap: float = 0.0


def cost_of(
    dies: Mapping[str, str],
    blocks: Sequence[DieBlock],
    wires: Sequence[DieWire],
    stack: Sequence[Die],
) -> tuple[int, dict[str, float]]:
    """Wires over all boundaries, and how full each die is."""
    place = {die.name: index for index, die in enumerate(stack)}
    bits = 0
    for wire in wires:
        places = [place[dies[end]] for end in wire.ends]
        bits += (max(places) - min(places)) * wire.bits
    held = {die.name: Cells() for die in stack}
    for block in blocks:
        held[dies[block.name]] += block.cells
    return bits, {die.name: held[die.name].fill(die.budget) for die in stack}


def partition(
    blocks: Sequence[DieBlock],
    wires: Sequence[DieWire],
    stack: Sequence[Die],
    *,
    fill: float = 0.8,
    limit: int | None = None,
    nodes: int = NODES,
) -> Partition:
    """Dies of all blocks.

    fill: share of each die's budget that may be used
    limit: wires that may pass a boundary, if they are limited; ``fill`` of them may be used
    Chooses  the least ``crossing_bits + BALANCE * max(fill)``; the best after ``nodes`` nodes
    Raises   ``DoesNotFitError`` if a block alone is too large for a die, or no partition fits
    """
    if len(stack) == 1:
        names = {block.name: stack[0].name for block in blocks}
        return Partition(dies=names, fill=cost_of(names, blocks, wires, stack)[1])
    _check_each(blocks, stack, fill)
    program = _Program(blocks, wires, stack, fill, limit)
    found = program.solve(nodes)
    if found is None:
        _refuse(blocks, wires, stack, fill, limit, nodes)
    dies, gap = found
    bits, shares = cost_of(dies, blocks, wires, stack)
    return Partition(dies=dies, crossing_bits=bits, fill=shares, gap=gap)


def _check_each(blocks: Sequence[DieBlock], stack: Sequence[Die], fill: float) -> None:
    """One block that no die holds is worth a message of its own."""
    for block in blocks:
        allowed = [die for die in stack if block.die in (None, die.name)]
        if not allowed:
            names = ", ".join(die.name for die in stack)
            raise BuildError(f"Die of part {block.name} must be one of {names}, not {block.die}")
        if any(block.cells.fill(die.budget) <= fill for die in allowed):
            continue
        die = min(allowed, key=lambda die: block.cells.fill(die.budget))
        over = [
            f"{getattr(block.cells, cell):,} {name} of {getattr(die.budget, cell):,}"
            for cell, name in KINDS.items()
            if getattr(block.cells, cell) > fill * getattr(die.budget, cell)
        ]
        raise DoesNotFitError(
            f"Part {block.name} must fit on one die, of which {fill:.0%} may be used, but on "
            f"{die.name} it needs {', '.join(over)}",
            part=block.name,
        )


def _refuse(
    blocks: Sequence[DieBlock],
    wires: Sequence[DieWire],
    stack: Sequence[Die],
    fill: float,
    limit: int | None,
    nodes: int,
) -> NoReturn:
    """Says what is too little for any partition: wires between dies, if there is one without their
    limit, else cells."""
    free = None if limit is None else _Program(blocks, wires, stack, fill, None).solve(nodes)
    if limit is not None and free is not None:
        place = {die.name: index for index, die in enumerate(stack)}
        spans = [([place[free[0][end]] for end in wire.ends], wire.bits) for wire in wires]
        passing = [
            sum(bits for at, bits in spans if min(at) <= below < max(at))
            for below in range(len(stack) - 1)
        ]
        most = max(passing)
        below = passing.index(most)
        raise DoesNotFitError(
            f"Streams between dies must take at most {int(fill * limit):,} of {limit:,} wires, but "
            f"of the partition with the fewest {most:,} pass from {stack[below].name} to "
            f"{stack[below + 1].name}"
        )
    raise DoesNotFitError(
        f"Parts must fit on {len(stack)} dies of which {fill:.0%} may be used, but need "
        f"{_scarcest(blocks, stack)}"
    )


def _scarcest(blocks: Sequence[DieBlock], stack: Sequence[Die]) -> str:
    """The cells of which the largest share is needed, and the part that needs most of them."""

    def share(cell: str) -> float:
        return used(cell) / max(1, have(cell))

    def used(cell: str) -> int:
        return sum(getattr(b.cells, cell) for b in blocks)

    def have(cell: str) -> int:
        return sum(getattr(die.budget, cell) for die in stack)

    cell = max(KINDS, key=share)
    largest = max(blocks, key=lambda block: int(getattr(block.cells, cell)))
    return (
        f"{used(cell):,} {KINDS[cell]} of {have(cell):,}, {getattr(largest.cells, cell):,} of them "
        f"for {largest.name}, which stays on one die"
    )


class _Program:
    """The integer program.

    A block has a binary ``above`` for each boundary, falling along the stack. Blocks with wires
    between them have a ``cross`` for each boundary, at least the difference of any two of theirs.
    One last variable is the fill of the fullest die.
    """

    def __init__(
        self,
        blocks: Sequence[DieBlock],
        wires: Sequence[DieWire],
        stack: Sequence[Die],
        fill: float,
        limit: int | None,
    ):
        self._blocks, self._stack, self._fill = blocks, stack, fill
        self._limit = limit
        self._boundaries = len(stack) - 1
        at = {block.name: index for index, block in enumerate(blocks)}
        bits: dict[tuple[int, ...], int] = {}
        for wire in wires:
            ends = tuple(sorted({at[end] for end in wire.ends}))
            if len(ends) > 1:
                bits[ends] = bits.get(ends, 0) + wire.bits
        self._nets = bits
        self._first_cross = len(blocks) * self._boundaries
        self._fullest = self._first_cross + len(bits) * self._boundaries
        self._entries: list[tuple[int, int, float]] = []
        self._upper: list[float] = []

    def solve(self, nodes: int) -> tuple[dict[str, str], float] | None:
        """Die by block, and the gap; None if nothing fits.

        Raises   ``BuildError`` if the nodes are searched before there is any partition
        """
        count = self._fullest + 1
        price = np.zeros(count)
        price[self._fullest] = BALANCE
        lower, upper = np.zeros(count), np.ones(count)
        upper[self._fullest] = self._fill
        for number, bits in enumerate(self._nets.values()):
            price[self._crosses(number)] = bits
        self._rows()
        for index, block in enumerate(self._blocks):
            if block.die is not None:
                place = [die.name for die in self._stack].index(block.die)
                for boundary in range(self._boundaries):
                    fixed = float(place > boundary)
                    lower[self._above(index, boundary)] = fixed
                    upper[self._above(index, boundary)] = fixed
        integral = np.zeros(count)
        integral[: self._first_cross] = 1
        rows, columns, values = zip(*self._entries, strict=True)
        matrix = coo_array((values, (rows, columns)), shape=(len(self._upper), count))
        found = milp(
            price,
            integrality=integral,
            bounds=Bounds(lower, upper),
            constraints=LinearConstraint(matrix.tocsc(), -np.inf, self._upper),
            options={"node_limit": nodes, "mip_rel_gap": 1e-6},
        )
        if found.x is None:
            if found.status != INFEASIBLE:
                raise BuildError(
                    f"Partition of {len(self._blocks)} parts must be found in {nodes:,} nodes of "
                    f"the search, but was not",
                    hint="pin some parts to dies",
                )
            return None
        dies = {}
        for index, block in enumerate(self._blocks):
            place = round(sum(found.x[self._above(index, b)] for b in range(self._boundaries)))
            dies[block.name] = self._stack[place].name
        return dies, float(found.mip_gap) if found.status != OPTIMAL else 0.0

    def _above(self, block: int, boundary: int) -> int:
        return block * self._boundaries + boundary

    def _crosses(self, net: int) -> slice:
        begin = self._first_cross + net * self._boundaries
        return slice(begin, begin + self._boundaries)

    def _at_most(self, terms: Mapping[int, float], upper: float) -> None:
        row = len(self._upper)
        self._entries += [(row, column, value) for column, value in terms.items()]
        self._upper.append(upper)

    def _rows(self) -> None:
        for block in range(len(self._blocks)):
            for below, above in pairwise(range(self._boundaries)):
                self._at_most({self._above(block, above): 1, self._above(block, below): -1}, 0)
        for number, (first, *others) in enumerate(self._nets):
            for boundary in range(self._boundaries):
                cross = self._crosses(number).start + boundary
                a = self._above(first, boundary)
                for other in others:
                    b = self._above(other, boundary)
                    self._at_most({a: 1, b: -1, cross: -1}, 0)
                    self._at_most({b: 1, a: -1, cross: -1}, 0)
        if self._limit is not None:
            for boundary in range(self._boundaries):
                self._at_most(
                    {
                        self._crosses(number).start + boundary: bits
                        for number, bits in enumerate(self._nets.values())
                    },
                    self._fill * self._limit,
                )
        for place, die in enumerate(self._stack):
            for cell in KINDS:
                self._fits(place, die, cell)

    def _fits(self, place: int, die: Die, cell: str) -> None:
        """The share of a budget that a die's blocks use is at most that of the fullest die."""
        have = getattr(die.budget, cell)
        terms: dict[int, float] = {self._fullest: -1}
        constant = 0.0
        for index, block in enumerate(self._blocks):
            share = getattr(block.cells, cell) / max(have, 1e-3)
            if share == 0:
                continue
            # on a die: above the boundary below it, and not above the one above it
            if place == 0:
                constant += share
            else:
                terms[self._above(index, place - 1)] = share
            if place < self._boundaries:
                terms[self._above(index, place)] = -share
        self._at_most(terms, -constant)
