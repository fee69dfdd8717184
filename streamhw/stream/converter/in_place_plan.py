# SPDX-License-Identifier: Apache-2.0
"""A conversion word by word: both nests in the same loops, and by what their orders differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from ..axis import Axis
from ..itensor.itensor import ITensor, Loop, Symbol
from .block_plan import ConverterPlan

__all__ = ["PlaceAxis", "PlacePlan", "place_plan"]


@dataclass(frozen=True, kw_only=True)
class PlaceAxis(Axis):
    """A loop of a walk in place.

    digit: which loop of the source it is, outermost 0; None: it re-reads, or chooses a bank
    unit: whether its stride changes from block to block; else ``increment`` is fixed
    """

    digit: int | None = None
    unit: bool = False


@dataclass(frozen=True, kw_only=True)
class PlacePlan:
    """Two walks over one block whose words move from block to block.

    The source sends the loops (P, X, Y, Z), outermost first, and the target takes its words for
    the last time in the order (P, Y, X, Z). P moves from part to part of the memory. Block
    ``b + 1`` is written to the places that the last reads of block ``b`` free, in the order in
    which they do. A run of Z is a *unit*; there are ``M = |X| |Y|`` of them. Unit ``u`` of block
    ``b`` lies at ``u * |Y|**b mod (M - 1)``, the last one, ``M - 1``, where it is: the order of the
    target is one step of ``|Y|`` in the order of the source.

    write, read: the walks, in the same loops (a loop that only one nest has in two is split)
    lead: loops of P; outer: loops of X, None if the orders differ by more than one rotation
    units: loops of X and Y, between which the orders differ
    pitch: words of a unit, symbols at their bounds
    symbols: that the size of a block depends on
    """

    write: tuple[PlaceAxis, ...]
    read: tuple[PlaceAxis, ...]
    lead: int
    outer: int | None
    units: int
    pitch: int
    symbols: tuple[Symbol, ...]

    @property
    def apart(self) -> int:
        """Loops of P, X and Y: what is inside them has one sequence in both orders."""
        return self.lead + self.units


def place_plan(plan: ConverterPlan, source: ITensor, target: ITensor) -> PlacePlan | None:
    """The walks in common loops, or None where there are none.

    There are none where the nests have loops of one dimension that cut each other, or where the
    source sends the parts of a word apart from each other.
    """
    wide = max(source.tile[-1], target.tile[-1])
    writes, reads = _common(plan.source, plan.target)
    parts = [n for n, loop in enumerate(writes) if _is_part(loop, source, wide)]
    words = len(writes) - len(parts)
    if parts != list(range(words, len(writes))):
        return None
    order = writes[:words]
    freed = [loop for loop in reads if loop.dim is not None and not _is_part(loop, target, wide)]
    if len(set(order)) != len(order) or sorted(map(repr, order)) != sorted(map(repr, freed)):
        return None
    same = 0
    while same < words and order[words - 1 - same] == freed[words - 1 - same]:
        same += 1
    lead = 0
    while lead < words - same and order[lead] == freed[lead]:
        lead += 1
    units = words - same - lead
    turned, wanted = order[lead : lead + units], freed[lead : lead + units]
    outer = turned.index(wanted[0]) if units else 0
    rotated = (*turned[outer:], *turned[:outer]) == tuple(wanted)

    def bounds(loops: Sequence[Loop]) -> int:
        return prod(loop.bound for loop in loops)

    def axis(loop: Loop, narrow: ITensor) -> PlaceAxis:
        if loop.dim is None:
            return PlaceAxis(trip=loop.trip, increment=0)
        scale = 1 if narrow.lanes == plan.lanes else 1 << plan.bank_bits
        if _is_part(loop, narrow, wide):
            digit = writes.index(loop) if narrow is source else None
            return PlaceAxis(trip=loop.trip, increment=loop.step // narrow.tile[-1], digit=digit)
        digit = order.index(loop)
        if lead <= digit < lead + units:
            return PlaceAxis(trip=loop.trip, increment=0, digit=digit, unit=True)
        step = bounds(order[digit + 1 :]) * scale
        return PlaceAxis(trip=loop.trip, increment=step, digit=digit)

    return PlacePlan(
        write=tuple(axis(loop, source) for loop in writes),
        read=tuple(axis(loop, target) for loop in reads),
        lead=lead,
        outer=outer if rotated else None,
        units=units,
        pitch=bounds(order[lead + units :]),
        symbols=tuple(sorted({loop.trip for loop in order if isinstance(loop.trip, Symbol)})),
    )


def _is_part(loop: Loop, itensor: ITensor, wide: int) -> bool:
    """Whether the loop moves inside a word."""
    return loop.dim == itensor.rank - 1 and loop.step < wide


def _common(source: Sequence[Loop], target: Sequence[Loop]) -> tuple[list[Loop], list[Loop]]:
    """Both nests with each loop split where the other nest has a border inside it."""
    borders = {(loop.dim, loop.step) for loop in (*source, *target) if loop.dim is not None}
    borders |= {
        (loop.dim, loop.step * loop.trip)
        for loop in (*source, *target)
        if loop.dim is not None and isinstance(loop.trip, int)
    }
    return [p for n in source for p in _cut(n, borders)], [
        p for n in target for p in _cut(n, borders)
    ]


def _cut(loop: Loop, borders: set[tuple[int, int]]) -> list[Loop]:
    """A loop in parts, outermost first; whole where a border does not divide it."""
    pieces = [loop]
    for step in sorted(step for dim, step in borders if dim == loop.dim and loop.dim is not None):
        rest = pieces[0]
        if not isinstance(rest.trip, int) or not rest.step < step < rest.step * rest.trip:
            continue
        if step % rest.step or rest.step * rest.trip % step:
            continue
        inner = step // rest.step
        pieces[0:1] = [
            replace(rest, trip=rest.trip // inner, step=step),
            replace(rest, trip=inner),
        ]
    return pieces
