# SPDX-License-Identifier: Apache-2.0
"""The normal form of a loop nest: one representative of all nests that visit tiles in one order."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby, pairwise, product
from math import prod

from .loop_nest import Loop, Symbol

__all__ = [
    "head_and_body",
    "is_ragged",
    "normal_loops",
    "same_order",
    "several_twos",
    "substituted",
    "symbols_of",
    "two_values",
]

Nest = tuple[Loop, ...]


@lru_cache(maxsize=1 << 14)
def normal_loops(loops: Nest) -> Nest:
    """The nest that stands for all nests of this order.

    Rules, applied until none fits:

    - a loop that never has more than one iteration goes;
    - an inner loop joins the outer one that continues where it ends
      (``outer.step == inner.step * inner.trip``, both trips fixed);
    - neighboring re-reads commute: the product of the fixed ones, then the symbols by name;
    - of a symbol with two values only (bound 2), the loop commutes with a neighbor of the same
      step and dimension that also has two iterations, or one: fixed ones go in, symbols by name.

    With a ragged symbol the outermost loop stays as it is written, for the values count its
    iterations; the rules hold for what is inside.

    Two nests have one order, for all values of their symbols, if and only if their normal forms
    are equal, provided that no symbol of bound 2 bounds several loops of a nest (``same_order``
    decides those, too). Why: take the first loops, from inside, that differ. Loops that differ in
    step or dimension part at their second iteration. Let the trips differ. The length of the run of
    equal differences that the order begins with is a multiple of the innermost fixed trip for
    every value of the symbols. Were it a longer one in one of the nests, the other nest would
    continue it by a symbol's loop, and reach the same length without that loop (value 1): by a
    fixed loop of the same step outside. So with the value 2 the run is exactly twice the shorter
    one, with 3 three times: the longer trip divides both, hence the shorter trip. Only a symbol
    without the value 3 escapes, and the last rule is for those.
    """
    head, body = head_and_body(loops)
    nest = [_plain(loop) for loop in body if loop.bound > 1]
    while True:
        nest = _merged(_with_sorted_rereads(nest))
        if not _swap_twos(nest):
            return (*head, *nest)


def head_and_body(loops: Nest) -> tuple[Nest, Nest]:
    """The outermost loop, in normal form, if values of a ragged symbol count it; and the rest."""
    if not any(is_ragged(loop) and loop.bound > 1 for loop in loops):
        return (), loops
    head = loops[0]
    return (_plain(head) if head.bound > 1 else Loop(1),), loops[1:]


def same_order(first: Nest, second: Nest) -> bool:
    """Whether two nests visit the same offsets in the same sequence, whatever the values of their
    symbols; symbols are the same if name, bound and raggedness are."""
    one, other = normal_loops(first), normal_loops(second)
    if one == other:
        return True
    heads, bodies = zip(head_and_body(one), head_and_body(other), strict=True)
    if heads[0] != heads[1]:
        return False
    several = several_twos(one, other) if symbols_of(one) == symbols_of(other) else ()
    # These have two values each: the nests are the same if they are for each choice of them.
    return bool(several) and all(
        normal_loops(substituted(bodies[0], values)) == normal_loops(substituted(bodies[1], values))
        for values in two_values(several)
    )


def several_twos(*nests: Sequence[Loop]) -> tuple[Symbol, ...]:
    """Symbols of bound 2 that bound several loops of a nest: no normal form knows these."""
    found = set()
    for nest in nests:
        for trip, times in Counter(loop.trip for loop in nest).items():
            if isinstance(trip, Symbol) and trip.bound == 2 and times > 1:
                found.add(trip)
    return tuple(sorted(found))


def two_values(symbols: Sequence[Symbol]) -> Iterator[dict[str, int]]:
    """All values of symbols of bound 2."""
    for values in product((1, 2), repeat=len(symbols)):
        yield {symbol.name: value for symbol, value in zip(symbols, values, strict=True)}


def substituted(loops: Sequence[Loop], values: Mapping[str, int]) -> Nest:
    """The nest with fixed trips for the symbols that have a value."""
    return tuple(
        replace(loop, trip=values[loop.trip.name])
        if isinstance(loop.trip, Symbol) and loop.trip.name in values
        else loop
        for loop in loops
    )


def symbols_of(loops: Sequence[Loop]) -> tuple[Symbol, ...]:
    """The symbols of a nest, each once, by name."""
    return tuple(sorted({loop.trip for loop in loops if isinstance(loop.trip, Symbol)}))


def is_ragged(loop: Loop) -> bool:
    """Whether the trip has a value for each index of the outermost loop."""
    return isinstance(loop.trip, Symbol) and loop.trip.ragged


def _plain(loop: Loop) -> Loop:
    """The loop without a step that moves nothing."""
    return Loop(loop.trip) if loop.dim is None else loop


def _merged(loops: Sequence[Loop]) -> list[Loop]:
    """Inner loops joined to the outer ones that continue them."""
    kept: list[Loop] = []
    for loop in reversed(loops):
        below = kept[-1] if kept else None
        if (
            below is not None
            and isinstance(loop.trip, int)
            and isinstance(below.trip, int)
            and (loop.dim, loop.step) == (below.dim, below.step * below.trip)
        ):
            kept[-1] = replace(below, trip=loop.trip * below.trip)
        else:
            kept.append(loop)
    return kept[::-1]


def _with_sorted_rereads(loops: Sequence[Loop]) -> list[Loop]:
    """Each run of re-reads as one of all fixed trips, then one for each symbol by name."""
    result: list[Loop] = []
    for reread, run in groupby(loops, lambda loop: loop.dim is None):
        if not reread:
            result += run
            continue
        trips = [loop.trip for loop in run]
        fixed = prod(trip for trip in trips if isinstance(trip, int))
        result += [Loop(fixed)] if fixed > 1 else []
        result += [Loop(symbol) for symbol in sorted(t for t in trips if isinstance(t, Symbol))]
    return result


def _swap_twos(nest: list[Loop]) -> bool:
    """Moves a factor 2 of a fixed loop, or a symbol that comes later by name, past the loop of a
    two-valued symbol inside it; returns whether there was one to move."""
    for at, (outer, inner) in enumerate(pairwise(nest)):
        trip, symbol = outer.trip, inner.trip
        if (outer.step, outer.dim) != (inner.step, inner.dim) or outer.dim is None:
            continue
        if not isinstance(symbol, Symbol) or symbol.bound != 2:
            continue
        if isinstance(trip, Symbol):
            if trip.bound == 2 and symbol < trip:
                nest[at : at + 2] = [inner, outer]
                return True
        elif trip % 2 == 0:
            rest = replace(outer, trip=trip // 2, step=2 * outer.step)
            nest[at : at + 2] = [*([rest] if trip > 2 else []), inner, replace(outer, trip=2)]
            return True
    return False
