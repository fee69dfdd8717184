# SPDX-License-Identifier: Apache-2.0
"""Optimal fusion of small and chain-like graphs: a dynamic program over what is done so far."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

from ..resources.fpga_cells import Cells
from .problem import Grouping, Problem

__all__ = ["TooLargeError", "by_ideals"]

BITS = [field.name for field in fields(Cells)].index("memory_bits")

Vector = tuple[int, ...]


class TooLargeError(Exception):
    """The graph has more ideals, or more ways to go on from them, than is sensible."""


@dataclass(frozen=True, slots=True)
class _Label:
    """A way to do an ideal: bytes, cells on top of what every image has, and its last group."""

    bytes: int
    bits: int
    count: int
    used: Vector
    groups: tuple[int, ...]


def by_ideals(problem: Problem, *, ideals: int = 1_000, work: int = 200_000) -> Grouping | None:
    """The grouping with the fewest bytes, then the fewest bits, then the fewest groups; None if
    none fits.

    Assumes     every edge may be cut (see ``contract``)
    Complexity  the groups up to each point are an *ideal*: with a kernel it has all before it. One
                state an ideal, one step a pair of ideals within each other; a chain of n kernels
                has n + 1. Where one image has all groups, cells add up over groups, so that a
                state keeps all ways of which none is worse than another in everything.
    Raises      ``TooLargeError`` beyond ``ideals`` states or ``work`` ways to go on from them
    """
    size = len(problem.kernels)
    before = [0] * size
    for u, v in problem.ends:
        before[v] |= 1 << u
    order = _ideals(before, ideals)
    fixed = astuple(problem.outcome((), partial=True).used[0] if not problem.images else Cells())
    limit = astuple(problem.limit)
    steps = _Steps(problem, before)
    kept: dict[int, list[_Label]] = {ideal: [] for ideal in order}
    kept[0] = [_Label(0, 0, 0, fixed, ())]
    for ideal in order:
        for step in steps.out_of(ideal) if kept[ideal] else ():
            if problem.images and _over(step.cells, limit):
                continue
            for label in kept[ideal]:
                used = label.used if problem.images else _sum(label.used, step.cells)
                if not problem.images and _over(used, limit):
                    continue
                work -= 1
                new = _Label(
                    label.bytes + step.bytes,
                    label.bits + step.cells[BITS],
                    label.count + 1,
                    used,
                    (*label.groups, step.kernels),
                )
                _keep(kept[step.ideal], new, problem.images)
            if work < 0:
                raise TooLargeError
        if ideal != order[-1]:
            kept[ideal] = []
    done = kept[(1 << size) - 1]
    if not done:
        return None
    best = min(done, key=lambda label: (label.bytes, label.bits, label.count))
    groups = tuple(
        next(g for g, kernels in enumerate(best.groups) if kernels >> place & 1)
        for place in range(size)
    )
    outcome = problem.outcome(groups)
    assert outcome.valid and outcome.bytes == best.bytes
    return Grouping(groups=groups, outcome=outcome, method="dynamic program", bound=outcome.bytes)


def _ideals(before: list[int], most: int) -> list[int]:
    """All sets of kernels that have with a kernel all before it, small ones first."""
    layer, found = {0}, [0]
    while layer:
        grown = {
            ideal | 1 << k
            for ideal in layer
            for k, needs in enumerate(before)
            if not ideal >> k & 1 and needs & ideal == needs
        }
        found += sorted(grown)
        if len(found) > most:
            raise TooLargeError
        layer = grown
    return found


@dataclass(frozen=True, slots=True)
class _Step:
    """A group: its kernels, the ideal that it ends, and its bytes and cells."""

    kernels: int
    ideal: int
    bytes: int
    cells: Vector


class _Steps:
    """Groups that may follow an ideal."""

    def __init__(self, problem: Problem, before: list[int]):
        self._problem = problem
        self._before = before
        size = len(before)
        self._into: list[list[tuple[int, Vector, Vector]]] = [[] for _ in range(size)]
        self._out: list[list[tuple[int, int, Vector]]] = [[] for _ in range(size)]
        for edge, (u, v) in zip(problem.edges, problem.ends, strict=True):
            assert edge.bytes is not None
            self._into[v].append((u, astuple(edge.on_chip), astuple(edge.reader)))
            self._out[u].append((v, edge.bytes, astuple(edge.writer)))
        self._parts = {name: astuple(cells) for name, cells in problem.parts.items()}
        self._limit = astuple(problem.limit)
        self._base = astuple(problem.base if problem.images else Cells())

    def out_of(self, ideal: int) -> Iterator[_Step]:
        """Each group that may come next, once."""
        seen = {0}
        stack = [0]
        while stack:
            group = stack.pop()
            if group:
                yield self._step(ideal, group)
            for place, needs in enumerate(self._before):
                done = ideal | group
                grown = group | 1 << place
                if done >> place & 1 or needs & ~done or grown in seen:
                    continue
                seen.add(grown)
                if not self._problem.images or not _over(self._least(ideal, grown), self._limit):
                    stack.append(grown)

    def _step(self, ideal: int, group: int) -> _Step:
        cells, moved = self._least(ideal, group), 0
        inside = ideal | group
        for place in _places(group):
            for v, size, writer in self._out[place]:
                if not inside >> v & 1:
                    moved += size
                    cells = _sum(cells, writer)
        return _Step(group, inside, moved, cells)

    def _least(self, ideal: int, group: int) -> Vector:
        """Cells of a group that stay however it grows: all but those of what leaves it."""
        cells = self._base
        if self._problem.images:
            used = {p for place in _places(group) for p in self._problem.kernels[place].parts}
            for name in sorted(used):
                cells = _sum(cells, self._parts[name])
        for place in _places(group):
            for u, on_chip, reader in self._into[place]:
                cells = _sum(cells, on_chip if group >> u & 1 else reader)
        return cells


def _places(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _sum(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _over(used: Vector, limit: Vector) -> bool:
    return any(have > most for have, most in zip(used, limit, strict=True))


def _keep(labels: list[_Label], new: _Label, images: bool) -> None:
    """Adds a label unless another is as good in everything; drops those that it beats."""

    def beats(a: _Label, b: _Label) -> bool:
        better = (a.bytes, a.bits, a.count) <= (b.bytes, b.bits, b.count)
        return better and (images or not _over(a.used, b.used))

    if not any(beats(label, new) for label in labels):
        labels[:] = [label for label in labels if not beats(new, label)]
        labels.append(new)
