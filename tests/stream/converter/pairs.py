# SPDX-License-Identifier: Apache-2.0
"""Random pairs of types that a converter can connect, and values of their symbols."""

import random
from dataclasses import replace

from streamhw.numerics.fixed import Fixed
from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol

FMT = Fixed(6)
TOKENS = Symbol("tokens", 3)
TIMES = Symbol("times", 3)
LENGTH = Symbol("length", 4, ragged=True)


def random_pair(rng, *, symbols=True):
    """Two types of one tensor: loops of each dimension factored, shuffled, re-read."""
    wide, factor = rng.choice([(1, 1), (2, 1), (4, 2), (4, 4), (6, 3), (3, 3)])
    tiles = [(1, wide), (1, wide // factor)]
    rng.shuffle(tiles)
    rows = rng.choice([1, 2, 3, 4, TOKENS]) if symbols else rng.choice([1, 2, 3, 4])
    columns = [wide] + [rng.choice([1, 2, 3]) for _ in range(2)]

    def nest(tile):
        loops = [Loop(rows, 1, 0)] if isinstance(rows, Symbol) else factors(rng, rows, 1, 0)
        step = tile[-1]
        parts = [wide // step, *columns[1:]]
        pending = []
        for part in parts:
            pending.append(Loop(part, step, 1))
            step *= part
        loops += pending
        rng.shuffle(loops)
        if rng.random() < 0.5:
            loops.sort(key=lambda loop: (loop.dim, -loop.step))
        return tuple(loops)

    source = ITensor(FMT, tiles[0], nest(tiles[0]))
    target = ITensor(FMT, tiles[1], nest(tiles[1]))
    if rng.random() < 0.3:
        # the same order, so that the first pass may follow
        target = replace(source)
    loops = list(target.loops)
    for trip in rng.choice([(), (), (2,), (3, 2), (TIMES,), (LENGTH,), (TIMES, LENGTH)]):
        if isinstance(trip, int) or (symbols and loops):
            low = 1 if isinstance(trip, Symbol) and trip.ragged else 0
            loops.insert(rng.randint(low, max(low, len(loops))), Loop(trip))
    return source, replace(target, loops=tuple(loops))


def factors(rng, extent, step, dim):
    """An extent as one loop or two."""
    inner = rng.choice([n for n in range(1, extent + 1) if extent % n == 0])
    return [Loop(extent // inner, step * inner, dim), Loop(inner, step, dim)]


def bind(rng, spec):
    """Values of the symbols, the ragged one for each index of the outermost loop of its nest."""
    symbol_values = {s.name: rng.randint(1, s.bound) for s in spec.symbols if not s.ragged}
    for symbol in spec.symbols:
        if symbol.ragged:
            outer = spec.target.loops[0].trip
            count = symbol_values[outer.name] if isinstance(outer, Symbol) else outer
            symbol_values[symbol.name] = [rng.randint(1, symbol.bound) for _ in range(count)]
    return symbol_values


def valid_pairs(seed, count, **options):
    """Specs of random pairs; of pairs that cannot be converted, tiles must be the reason."""
    rng = random.Random(seed)
    specs = []
    while len(specs) < count:
        source, target = random_pair(rng, **options)
        try:
            spec = ConverterSpec(
                source=source,
                target=target,
                kind=rng.choice([BufferKind.SINGLE, BufferKind.PING_PONG]),
            )
        except ValueError as error:
            assert "straddle" in str(error), error
            continue
        specs.append(spec)
    return specs
