# SPDX-License-Identifier: Apache-2.0
"""Types made from types against numpy: reshape, split, concatenate, view, and enumeration."""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from random import Random

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.algebra import (
    broadcast,
    cast,
    compose,
    covers_once,
    tiled,
    vectorize,
    widen,
)
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.stream.itensor.reshape import reassociate
from streamhw.stream.itensor.slicing import chunk, concat, fork, join
from tests.stream.random_types import FMT, choices, enumerated, random_type

SEED = 23
COUNT = 2_000
N, M = Symbol("n", 3), Symbol("m", 2)
SIZES = (1, 2, 2, 3, 4)


def test_covers_once() -> None:
    """For all values of the symbols: every lane in a box, each once, and nothing else."""
    print(f"seed {SEED}")
    random = Random(SEED)
    found = {True: 0, False: 0}
    for _ in range(2 * COUNT):
        itensor = random_type(random, (1, 2, 2, 3, N, M), loops=3)
        itensor = replace(itensor, tile=tuple(random.choice((1, 1, 2)) for _ in itensor.tile))
        exact = True
        for values in choices((M, N)):
            seen: list[tuple[int, ...]] = []
            for at in enumerated(itensor, values):
                lanes = np.indices(itensor.tile).reshape(itensor.rank, -1).T
                seen += [tuple(row) for row in (lanes + np.array(at)).tolist()]
            box = [max(axis) + 1 for axis in zip(*seen, strict=True)]
            exact &= len(seen) == len(set(seen)) == prod(box)
        assert covers_once(itensor) == exact, str(itensor)
        found[exact] += 1
    assert min(found.values()) > COUNT // 5, found


def random_cover(random: Random, *, symbols: bool = False) -> ITensor:
    """A type that sends each element once: loops that continue each other, in any sequence."""
    rank = random.randint(1, 3)
    tile = tuple(random.choice(SIZES) for _ in range(rank))
    extent, loops = list(tile), []
    for _ in range(random.randint(0, 4)):
        dim = random.randrange(rank)
        trip = random.choice(SIZES)
        loops.append(Loop(trip, extent[dim], dim))
        extent[dim] *= trip
    if symbols and random.random() < 0.5:
        dim = random.randrange(rank)
        loops.append(Loop(N, extent[dim], dim))
    random.shuffle(loops)
    return ITensor(FMT, tile, tuple(loops))


def tensor_of(itensor: ITensor, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, itensor.tensor_shape())


def divisor(random: Random, number: int) -> int:
    return random.choice([n for n in range(1, number + 1) if number % n == 0])


def with_rereads(random: Random, itensor: ITensor) -> ITensor:
    loops = list(itensor.loops)
    for trip in random.choice(((), (2,), (M,), (3, 2))):
        loops.insert(random.randint(0, len(loops)), Loop(trip))
    return replace(itensor, loops=tuple(loops))


def test_vectors_of_tiles_and_back() -> None:
    print(f"seed {SEED}")
    random = Random(SEED)
    for seed in range(COUNT):
        outer = with_rereads(random, random_cover(random, symbols=True))
        vector = tuple(divisor(random, size) for size in outer.tile)
        inner = vectorize(outer, vector)
        x = tensor_of(outer, seed)
        for values in ({}, {"n": 2, "m": 1}):
            tiles = outer.pack(x, values).reshape(-1, *outer.tile)
            # each tile [a, b] as [a / v, v, b / w, w], the parts to the front
            split = [n for t, v in zip(outer.tile, vector, strict=True) for n in (t // v, v)]
            axes = [*range(1, 2 * outer.rank, 2), *range(2, 2 * outer.rank + 1, 2)]
            expected = tiles.reshape(-1, *split).transpose(0, *axes).reshape(-1, prod(vector))
            assert np.array_equal(inner.pack(x, values), expected), f"{outer} in {vector}"
        assert widen(inner, outer.tile).is_same_stream(outer)


def test_composition_with_any_order_in_a_tile() -> None:
    print(f"seed {SEED}")
    random = Random(SEED)
    for seed in range(COUNT // 2):
        inner = random_cover(random)
        outer = tiled(
            FMT, [random.randint(1, 3) * e for e in inner.tensor_shape()], inner.tensor_shape()
        )
        x = tensor_of(outer, seed)
        tiles = outer.pack(x).reshape(-1, *outer.tile)
        expected = np.concatenate([inner.pack(tile) for tile in tiles])
        assert np.array_equal(compose(outer, inner).pack(x), expected), f"{outer} of {inner}"


def test_widen_refuses_or_is_the_inverse() -> None:
    """Beats that do not make up a tile one after the other are refused."""
    random = Random(SEED)
    made = 0
    for _ in range(COUNT):
        narrow = random_cover(random)
        tile = tuple(
            divisor(random, e // t) * t
            for e, t in zip(narrow.tensor_shape(), narrow.tile, strict=True)
        )
        order = narrow.order()
        block = prod(tile) // narrow.lanes
        groups = order.reshape(-1, block, narrow.rank)
        inside = tiled(FMT, tile, narrow.tile).order()
        walks = np.array_equal(groups - groups[:, :1], np.broadcast_to(inside, groups.shape))
        try:
            wide = widen(narrow, tile)
        except ValueError as error:
            assert not walks, f"{narrow} to {tile}: {error}"
            continue
        made += 1
        assert walks and np.array_equal(wide.order(), groups[:, 0])
    assert COUNT // 10 < made < COUNT


def random_shape(random: Random, elements: int) -> list[int]:
    shape = []
    for _ in range(random.randint(0, 2)):
        shape.append(divisor(random, elements // prod(shape)))
    shape.insert(random.randint(0, len(shape)), elements // prod(shape))
    return shape


def test_reassociation_is_reshape() -> None:
    print(f"seed {SEED}")
    random = Random(SEED)
    made = 0
    for seed in range(2 * COUNT):
        source = with_rereads(random, random_cover(random, symbols=True))
        shape = random_shape(random, prod(source.tensor_shape()))
        x = tensor_of(source, seed)
        try:
            target = reassociate(source, shape)
        except ValueError:
            continue
        made += 1
        assert target.tensor_shape() == tuple(shape)
        for values in ({}, {"n": 1, "m": 2}, {"n": 2, "m": 1}):
            expected = source.pack(x, values)
            assert np.array_equal(target.pack(x.reshape(shape), values), expected)
        back = reassociate(target, source.tensor_shape())
        assert back.is_same_stream(source), f"{source} as {shape} is {back}"
    assert made > COUNT


def test_reassociation_finds_row_major_streams() -> None:
    """Row-major beats that are boxes in both shapes are the row-major beats of the other shape."""
    random = Random(SEED)
    for _ in range(COUNT):
        shape = [random.randint(1, 6) for _ in range(random.randint(1, 3))]
        other = random_shape(random, prod(shape))
        lanes = next(n for n in (4, 3, 2, 1) if shape[-1] % n == 0 and other[-1] % n == 0)
        source, target = row_major(FMT, shape, lanes), row_major(FMT, other, lanes)
        assert reassociate(source, other).is_same_stream(target)


def test_chunks_are_split_and_concatenate() -> None:
    print(f"seed {SEED}")
    random = Random(SEED)
    made = turns = 0
    for seed in range(2 * COUNT):
        whole = with_rereads(random, random_cover(random, symbols=True))
        dim = random.randrange(whole.rank)
        parts = divisor(random, whole.tensor_shape()[dim])
        x = tensor_of(whole, seed)
        try:
            chunks = chunk(whole, parts, dim)
        except ValueError:
            # never refused where the parts are whole iterations of the outermost loop
            head = whole.normal().loops[0] if whole.normal().loops else None
            assert (
                head is None
                or head.dim != dim
                or isinstance(head.trip, Symbol)
                or (head.trip % parts or head.step * head.trip != whole.tensor_shape()[dim])
            )
            continue
        made += 1
        turns += not chunks.is_in_order
        in_order = (np.diff(chunks.index.order(v)[:, 0]) >= 0 for v in ({}, {"n": 2, "m": 1}))
        assert chunks.is_in_order == all(bool(steps.all()) for steps in in_order)
        for values in ({}, {"n": 2, "m": 1}):
            numbers = chunks.index.order(values)[:, 0]
            beats = whole.pack(x, values)
            assert len(numbers) == len(beats)
            for number, part in enumerate(np.split(x, parts, dim)):
                assert chunks.part.tensor_shape() == part.shape
                assert np.array_equal(chunks.part.pack(part, values), beats[numbers == number])
    assert made > COUNT // 2 and turns > COUNT // 10


def test_concat_is_concatenate_and_chunk_its_inverse() -> None:
    print(f"seed {SEED}")
    random = Random(SEED)
    for seed in range(COUNT):
        part = with_rereads(random, random_cover(random))
        count, dim = random.randint(1, 4), random.randrange(part.rank)
        outside = random.randint(0, len(part.loops))
        whole = concat([part] * count, dim, outside)
        tensors = [tensor_of(part, seed + n) for n in range(count)]
        x = np.concatenate(tensors, dim)
        assert whole.tensor_shape() == x.shape
        around = replace(part, loops=part.loops[:outside]).beats()
        packed = [part.pack(t).reshape(around, -1, part.lanes) for t in tensors]
        expected = np.concatenate(packed, 1).reshape(-1, part.lanes)
        assert np.array_equal(whole.pack(x), expected)
        if count > 1:
            chunks = chunk(whole, count, dim)
            assert chunks.part.is_same_stream(part)
            assert chunks.is_in_order or around > 1


def test_cast_is_view() -> None:
    itensor = tiled(FMT, (4, 6), (2, 3), order=(1, 0))
    x = tensor_of(itensor, SEED)
    other = cast(itensor, Fixed(8, 3, signed=False))
    bits = x.astype(np.int8).view(np.uint8)
    assert np.array_equal(other.pack(bits), itensor.pack(x) & 0xFF)
    assert other.loops == itensor.loops and other.beat_bits == itensor.beat_bits


def test_broadcast_reads_again() -> None:
    whole = ITensor(FMT, (1, 2), (Loop(2, 4, 1), Loop(N, 1, 0), Loop(2, 2, 1)))
    row = np.arange(8).reshape(1, 8)
    expected = whole.pack(np.broadcast_to(row, (3, 8)), {"n": 2})
    assert np.array_equal(broadcast(whole, 0).pack(row, {"n": 2}), expected)


def test_fork_and_join() -> None:
    rows = row_major(FMT, (4, 8), 2)
    assert fork(rows, 3) == (rows,) * 3
    split = replace(rows, loops=(Loop(2, 2, 0), Loop(2, 1, 0), Loop(4, 2, 1)))
    assert join((rows, split)) == rows


def test_tiles_of_a_matrix() -> None:
    """64 x 64 in tiles of 16 x 16, each in vectors of 1 x 8."""
    tiles = tiled(FMT, (64, 64), (16, 16))
    vectors = vectorize(tiles, (1, 8))
    assert str(vectors) == "1x8:s8 (4 d0+=16) (4 d1+=16) (16 d0+=1) (2 d1+=8)"
    assert widen(vectors, (16, 16)) == tiles
    columns = tiled(FMT, (64, 64), (16, 16), order=(1, 0))
    assert str(columns) == "16x16:s8 (4 d1+=16) (4 d0+=16)"
    assert str(tiled(FMT, (N, 8), (1, 4))) == "1x4:s8 (n<=3 d0+=1) (2 d1+=4)"


ROWS = row_major(FMT, (4, 8), 2)
GROUP = row_major(FMT, (N, 8), 2)
LENGTH = Symbol("length", 4, ragged=True)
RAGGED = ITensor(FMT, (1, 1), (Loop(4, 1, 0), Loop(LENGTH, 1, 1)))

REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: tiled(FMT, (4, 6), (2, 4)), "tile must divide extent 6 of dimension 1, not 4"),
    (lambda: tiled(FMT, (N, 6), (2, 2)), "tile must divide extent n<=3 of dimension 0, not 2"),
    (
        lambda: tiled(FMT, (4, 6), (2, 2), (0, 0)),
        "tiled needs a size and a place for each of 2 dimensions, not tile (2, 2) and order (0, 0)",
    ),
    (
        lambda: compose(ROWS, row_major(FMT, (1, 4))),
        f"compose needs an inner type over tiles of {ROWS}, not 1x1:s8 (1 d0+=1) (4 d1+=1) "
        "over 1x4",
    ),
    (
        lambda: compose(ROWS, ITensor(FMT, (1, 1), (Loop(2), Loop(2, 1, 1)))),
        "compose needs an inner type of each element once, not 1x1:s8 (2 again) (2 d1+=1)",
    ),
    (
        lambda: widen(ROWS, (2, 2)),
        f"widen needs beats that walk tiles of 2x2 one by one, not {ROWS}",
    ),
    (
        lambda: widen(ITensor(FMT, (1, 1), (Loop(Symbol("k", 4), 1, 1),)), (1, 2)),
        "widen needs whole tiles of 1x2, not (k<=4 d1+=1) in 1x1:s8 (k<=4 d1+=1)",
    ),
    (lambda: cast(ROWS, Fixed(9)), f"cast needs a format of 8 bits, not s9 for {ROWS}"),
    (
        lambda: broadcast(ROWS, 1),
        f"broadcast needs a dimension of one element a beat, not 1 of {ROWS}",
    ),
    (
        lambda: reassociate(ROWS, (5, 5)),
        f"reassociate needs a shape of 32 elements, not 5x5 for {ROWS}",
    ),
    (
        lambda: reassociate(tiled(FMT, (4, 4), (2, 2)), (16,)),
        "reassociate needs beats that are boxes of the new shape, "
        "not for 16 of 2x2:s8 (2 d0+=2) (2 d1+=2)",
    ),
    (
        lambda: reassociate(RAGGED, (2, 8)),
        f"reassociate must leave the loop whole that values count, not for 2x8 of {RAGGED}",
    ),
    (
        lambda: chunk(ROWS, 3, 0),
        f"chunk needs a number of parts that divides the extent, not 3 along dimension 0 of {ROWS}",
    ),
    (
        lambda: chunk(GROUP, 3, 0),
        f"chunk needs parts of whole iterations, not 3 along dimension 0 of {GROUP}",
    ),
    (
        lambda: chunk(ROWS, 8, 1),
        f"chunk needs parts of at least a beat, not 8 along dimension 1 of {ROWS}",
    ),
    (
        lambda: chunk(RAGGED, 2, 0),
        f"chunk needs parts of whole iterations, not 2 along dimension 0 of {RAGGED}",
    ),
    (
        lambda: concat([RAGGED, RAGGED], 0),
        "concat needs a dimension of the parts, and 1 to 2 of their loops outside, "
        f"not 0 and 0 for {RAGGED}",
    ),
    (lambda: fork(ROWS, 0), "fork must have at least 1 output, not 0"),
    (lambda: join(()), "join must have at least 1 input, not 0"),
    (
        lambda: join((ROWS, ROWS, replace(ROWS, loops=ROWS.loops[::-1]))),
        f"join must have one type, not {ROWS} at input 0 and 1x2:s8 (4 d1+=2) (4 d0+=1) at "
        "input 2: the orders part at beat 1, [0, 2] and [1, 0]; "
        "loop 0 is the first that differs, (4 d0+=1) and (4 d1+=2)",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_refusals(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as raised:
        make()
    assert str(raised.value) == message
