# SPDX-License-Identifier: Apache-2.0
"""Optimal fusion of large graphs: an integer program, with a limit of nodes and a stated gap."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from ..resources.fpga_cells import Cells
from .problem import Grouping, Problem

__all__ = ["NODES", "by_program"]

Terms = Sequence[tuple[int, float]]

NODES = 2_000
"""Relaxations that a search solves at most: a limit of time would tie the answer to the machine."""


def by_program(problem: Problem, *, nodes: int = NODES) -> Grouping | None:
    """The grouping with the fewest bytes, and of those the fewest bits; None if there is none, or
    none was found in ``nodes`` nodes of each search.

    Assumes  every edge may be cut (see ``contract``)
    Ensures  ``bound`` of the answer: no grouping moves fewer bytes. It is its own bytes, unless
             the nodes ran out
    """
    model = _images(problem) if problem.images else _one_image(problem)
    moved = [(y, float(e.bytes or 0)) for y, e in zip(model.cut, problem.edges, strict=True)]
    first, least, proved = model.solve(moved, nodes)
    if first is None:
        return None
    best = _grouping(problem, model, first, least)
    if proved:
        scale = max((bytes for _, bytes in moved), default=1.0) or 1.0
        row = [(y, bytes / scale) for y, bytes in moved]
        model.rows.append((row, -np.inf, (best.outcome.bytes + 0.5) / scale))
        second, _, _ = model.solve(model.bits, nodes)
        if second is not None:
            finer = _grouping(problem, model, second, least)
            best = min(best, finer, key=lambda grouping: grouping.outcome.rank)
    return best if best.outcome.valid else None


@dataclass(kw_only=True)
class _Model:
    """A program over numbers from 0 up: which are whole, their upper bounds, and rows."""

    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[Terms, float, float]] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    place: list[Terms] = field(default_factory=list)
    bits: list[tuple[int, float]] = field(default_factory=list)

    def add(self, upper: float = 1.0, *, whole: bool = True) -> int:
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.upper) - 1

    def limit(self, terms: Sequence[tuple[int, Cells]], fixed: Cells, most: Cells) -> None:
        """A row a kind of cell: what is fixed and the terms stay below the most."""
        for kind, (have, top) in enumerate(zip(astuple(fixed), astuple(most), strict=True)):
            row = [(n, float(astuple(cells)[kind])) for n, cells in terms]
            if any(value for _, value in row) or have > top:
                scale = max(1.0, max((abs(value) for _, value in row), default=1.0))
                self.rows.append(
                    ([(n, value / scale) for n, value in row], -np.inf, (top - have) / scale)
                )

    def solve(self, objective: Terms, nodes: int) -> tuple[NDArray[np.float64] | None, int, bool]:
        """An answer, a bound of the objective, and whether the answer is the best."""
        cost = np.zeros(len(self.upper))
        for n, value in objective:
            cost[n] += value
        scale = max(1.0, float(np.abs(cost).max(initial=0.0)))
        entries = [(r, n, v) for r, (terms, _, _) in enumerate(self.rows) for n, v in terms]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = csr_array((values, (rows, columns)), shape=(len(self.rows), len(self.upper)))
        constraint = LinearConstraint(
            matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows]
        )
        result = milp(
            cost / scale,
            integrality=np.array(self.whole, dtype=int),
            bounds=Bounds(0, np.array(self.upper)),
            constraints=constraint if self.rows else None,
            options={"node_limit": nodes, "mip_rel_gap": 0.0},
        )
        bound = result.mip_dual_bound if result.mip_dual_bound is not None else 0.0
        return result.x, max(0, ceil(bound * scale - 1e-4)), result.status == 0


def _one_image(problem: Problem) -> _Model:
    """Each kernel has a place, the same at both ends of a stream on chip, later behind a cut."""
    model = _Model()
    count = float(len(problem.kernels))
    places = [model.add(count, whole=False) for _ in problem.kernels]
    model.place = [[(p, 1.0)] for p in places]
    fixed, terms = problem.base, []
    for cells in problem.parts.values():
        fixed += cells
    for edge, (u, v) in zip(problem.edges, problem.ends, strict=True):
        cut = model.add()
        model.cut.append(cut)
        step = [(places[v], 1.0), (places[u], -1.0)]
        model.rows.append(([*step, (cut, -1.0)], 0.0, np.inf))
        model.rows.append(([*step, (cut, -count)], -np.inf, 0.0))
        fixed += edge.on_chip
        terms.append((cut, _difference(edge.writer, edge.reader, edge.on_chip)))
    model.limit(terms, fixed, problem.limit)
    model.bits = [(cut, float(cells.memory_bits)) for cut, cells in terms]
    return model


def _images(problem: Problem) -> _Model:
    """Each kernel is in one of as many groups as kernels; each group pays for the parts it uses."""
    model = _Model()
    count = len(problem.kernels)
    inside = [[model.add() for _ in range(count)] for _ in problem.kernels]
    terms: list[list[tuple[int, Cells]]] = [[] for _ in range(count)]
    for row in inside:
        model.rows.append(([(x, 1.0) for x in row], 1.0, 1.0))
        model.place.append([(x, float(group)) for group, x in enumerate(row)])
    everyone = tuple(range(count))
    users_of = [(problem.base, everyone)]
    for name, cells in problem.parts.items():
        users_of.append((cells, tuple(i for i in everyone if name in problem.kernels[i].parts)))
    for cells, users in users_of:
        for group in range(count) if users else ():
            used = model.add(whole=False)
            terms[group].append((used, cells))
            model.rows += [([(used, 1.0), (inside[i][group], -1.0)], 0.0, np.inf) for i in users]
    for edge, (u, v) in zip(problem.edges, problem.ends, strict=True):
        kept = [model.add() for _ in range(count)]
        cut = model.add(whole=False)
        model.cut.append(cut)
        model.rows.append(([(cut, 1.0), *((k, 1.0) for k in kept)], 1.0, 1.0))
        for group, k in enumerate(kept):
            source, sink = inside[u][group], inside[v][group]
            model.rows += [([(k, 1.0), (end, -1.0)], -np.inf, 0.0) for end in (source, sink)]
            model.rows.append(([(source, 1.0), (sink, 1.0), (k, -1.0)], -np.inf, 1.0))
            forward = [(inside[u][g], 1.0) for g in range(group + 1)]
            forward += [(inside[v][g], -1.0) for g in range(group + 1)]
            model.rows.append((forward, 0.0, np.inf))
            terms[group] += [(source, edge.writer), (sink, edge.reader)]
            terms[group].append((k, _difference(edge.on_chip, Cells(), edge.writer, edge.reader)))
    for group in range(count):
        model.limit(_merged(terms[group]), Cells(), problem.limit)
        model.bits += [(n, float(cells.memory_bits)) for n, cells in terms[group]]
    return model


def _grouping(problem: Problem, model: _Model, answer: NDArray[np.float64], bound: int) -> Grouping:
    """Groups in the order of places, as few as the cuts allow."""
    level = [0] * len(problem.kernels)
    place = [round(sum(answer[n] * value for n, value in terms), 3) for terms in model.place]
    if problem.images:
        rank = {value: group for group, value in enumerate(sorted(set(place)))}
        level = [rank[value] for value in place]
    else:
        level = _levels(problem, [answer[cut] > 0.5 for cut in model.cut])
    outcome = problem.outcome(level)
    return Grouping(
        groups=tuple(level),
        outcome=outcome,
        method="integer program",
        bound=min(bound, outcome.bytes),
    )


def _levels(problem: Problem, cuts: Sequence[bool]) -> list[int]:
    """The earliest group of each kernel: one later across a cut, the same along other edges."""
    level = [0] * len(problem.kernels)
    for _ in range(len(level) + 1):
        before = list(level)
        for (u, v), cut in zip(problem.ends, cuts, strict=True):
            level[v] = max(level[v], level[u] + cut)
            if not cut:
                level[u] = max(level[u], level[v])
        if level == before:
            break
    return level


def _difference(first: Cells, second: Cells, *minus: Cells) -> Cells:
    total = list(astuple(first + second))
    for cells in minus:
        total = [a - b for a, b in zip(total, astuple(cells), strict=True)]
    return Cells(*total)


def _merged(terms: Sequence[tuple[int, Cells]]) -> list[tuple[int, Cells]]:
    """One term a number."""
    merged: dict[int, Cells] = {}
    for n, cells in terms:
        merged[n] = merged.get(n, Cells()) + cells
    return list(merged.items())
