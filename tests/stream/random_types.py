# SPDX-License-Identifier: Apache-2.0
"""Random stream types from a seed, in pairs that often have one order, and their enumeration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from random import Random

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol

FMT = Fixed(8)
STEPS = (1, 1, 2, 2, 3, 4, 6)

Offsets = list[tuple[int, ...]]


def random_type(random: Random, trips: Sequence[int | Symbol], loops: int = 4) -> ITensor:
    """A small nest, so that two of them are often the same stream by chance."""
    rank = random.choice((1, 1, 2))
    nest = []
    for _ in range(random.randint(0, loops)):
        dim = random.choice((None, *range(rank)))
        nest.append(Loop(random.choice(trips), random.choice(STEPS), dim))
    return ITensor(FMT, (1,) * rank, tuple(nest))


def rewritten(random: Random, itensor: ITensor) -> ITensor:
    """Another nest of (almost always) the same order: loops in two, in one, or of one trip."""
    loops = list(itensor.loops)
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(loops))
        kind = random.choice(("one", "split", "join", "swap", "spoil"))
        loop = loops[at] if at < len(loops) else None
        if kind == "one":
            dim = random.choice((None, *range(itensor.rank)))
            loops.insert(at, Loop(1, random.randint(1, 3), dim))
        elif loop is None:
            continue
        elif kind == "split" and isinstance(loop.trip, int):
            inner = random.choice([n for n in range(1, loop.trip + 1) if loop.trip % n == 0])
            outer = replace(loop, trip=loop.trip // inner, step=loop.step * inner)
            loops[at : at + 1] = [outer, replace(loop, trip=inner)]
        elif kind == "join" and at + 1 < len(loops):
            inner = loops[at + 1]
            if isinstance(loop.trip, int) and isinstance(inner.trip, int) and loop.dim == inner.dim:
                loops[at : at + 2] = [replace(inner, trip=loop.trip * inner.trip)]
        elif kind == "swap" and at + 1 < len(loops):
            loops[at : at + 2] = loops[at : at + 2][::-1]
        elif kind == "spoil" and random.random() < 0.2:
            loops[at] = replace(loop, step=loop.step + 1)
    return replace(itensor, loops=tuple(loops))


def pairs(
    random: Random, trips: Sequence[int | Symbol], count: int
) -> Iterator[tuple[ITensor, ITensor]]:
    """A third of two random types, the rest of a type and its rewriting."""
    for index in range(count):
        first = random_type(random, trips)
        yield first, random_type(random, trips) if index % 3 == 0 else rewritten(random, first)


def choices(symbols: Sequence[Symbol]) -> Iterator[dict[str, int]]:
    """All values of symbols."""
    for values in product(*(range(1, symbol.bound + 1) for symbol in symbols)):
        yield {symbol.name: value for symbol, value in zip(symbols, values, strict=True)}


def enumerated(
    itensor: ITensor, symbol_values: Mapping[str, int | list[int]] | None = None
) -> Offsets:
    """The offsets of the tiles, by walking the nest as its definition says."""
    values = symbol_values or {}

    def trip(loop: Loop, outermost: int) -> int:
        if isinstance(loop.trip, int):
            return loop.trip
        value = values.get(loop.trip.name, loop.trip.bound)
        return value if isinstance(value, int) else value[outermost]

    def walk(depth: int, outermost: int, at: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if depth == len(itensor.loops):
            yield at
            return
        loop = itensor.loops[depth]
        for index in range(trip(loop, outermost)):
            moved = list(at)
            if loop.dim is not None:
                moved[loop.dim] += index * loop.step
            yield from walk(depth + 1, outermost if depth else index, tuple(moved))

    return list(walk(0, 0, (0,) * itensor.rank))


def first_parting(one: Offsets, other: Offsets) -> int | None:
    """Index of the first entry that two sequences do not share."""
    for beat, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return beat
    return None if len(one) == len(other) else min(len(one), len(other))
