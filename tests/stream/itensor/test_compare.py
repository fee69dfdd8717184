# SPDX-License-Identifier: Apache-2.0
"""Where two types part: the beat that arithmetic finds is the one that enumeration finds."""

from dataclasses import replace
from random import Random

import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.compare import DifferenceKind, difference, offset_at
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.stream.itensor.normal_form import substituted
from tests.stream.random_types import FMT, choices, enumerated, first_parting, pairs

PAIRS = 4_000
SEED = 31
N, M, TWO = Symbol("n", 3), Symbol("m", 4), Symbol("two", 2)
TOKENS = Symbol("tokens", 8)
LENGTH = Symbol("length", 32, ragged=True)


@pytest.mark.parametrize(
    ("trips", "symbols"), [((1, 2, 2, 3, 4, 6), ()), ((1, 2, 2, 3, N, M, TWO), (M, N, TWO))]
)
def test_parts_where_enumeration_parts(
    trips: tuple[int | Symbol, ...], symbols: tuple[Symbol, ...]
) -> None:
    print(f"seed {SEED}")
    found = 0
    for first, second in pairs(Random(SEED), trips, PAIRS):
        why = difference(first, second)
        if why is None:
            orders = ((enumerated(first, v), enumerated(second, v)) for v in choices(symbols))
            assert len(first.tile) == len(second.tile)
            assert all(one == other for one, other in orders), f"{first} and {second}"
            continue
        if first.rank != second.rank:
            assert why.kind is DifferenceKind.TILE and why.beat is None
            continue
        found += 1
        one, other = (enumerated(t, dict(why.values)) for t in (first, second))
        assert why.beat == first_parting(one, other), f"{first} and {second}: {why}"
        at = tuple(order[why.beat] if why.beat < len(order) else None for order in (one, other))
        assert why.offsets == at, f"{first} and {second}: {why}"
        a, b = ([*t.normal().loops, None] for t in (first, second))
        assert a[: why.loop] == b[: why.loop]
        assert why.loops == (a[why.loop], b[why.loop])
        assert why.loops[0] != why.loops[1]
    assert found > PAIRS // 5


def test_small_values_tell_large_symbols_apart() -> None:
    """Values that part the orders are found without trying all, and normal forms say when."""
    random, found = Random(SEED), 0
    large = (Symbol("n", 1000), Symbol("m", 70), Symbol("k", 4096))
    for first, second in pairs(random, (1, 2, 2, 3, *large), PAIRS):
        why = difference(first, second)
        assert (why is None) == (first.normal() == second.normal())
        if why is None or first.rank != second.rank:
            continue
        assert why.beat is not None, f"{first} and {second}"
        nests = [substituted(t.loops, why.values) for t in (first, second)]
        at = tuple(offset_at(nest, first.rank, why.beat) for nest in nests)
        assert why.offsets == at and at[0] != at[1]
        for beat in (
            *range(min(why.beat, 20)),
            *(random.randrange(why.beat) for _ in range(20) if why.beat),
        ):
            one, other = (offset_at(nest, first.rank, beat) for nest in nests)
            assert one == other, f"{first} and {second} at {beat}: {why}"
        found += 1
    assert found > PAIRS // 5


def test_offset_at_is_order() -> None:
    for first, _ in pairs(Random(SEED), (1, 2, 3, N), 200):
        order = enumerated(first)
        assert [offset_at(first.loops, first.rank, n) for n in range(len(order))] == order
        assert offset_at(first.loops, first.rank, len(order)) is None


ROWS = row_major(FMT, (2, 8), 4)
GROUP = row_major(FMT, (TOKENS, 8), 4)
RAGGED = ITensor(FMT, (1, 1), (Loop(4, 1, 0), Loop(LENGTH, 1, 1)))

SENTENCES = [
    (ROWS, replace(ROWS, fmt=Fixed(9)), "elements are s8 and s9"),
    (
        ROWS,
        row_major(FMT, (2, 8), 2),
        "a beat is 1x4 and 1x2 elements; the orders part at beat 1, [0, 4] and [0, 2]; "
        "loop 1 is the first that differs, (2 d1+=4) and (4 d1+=2)",
    ),
    (
        ROWS,
        ITensor(Fixed(9), (4,), ROWS.loops[:1]),
        "elements are s8 and s9; a beat is 1x4 and 4 elements",
    ),
    (
        ROWS,
        replace(ROWS, loops=ROWS.loops[::-1]),
        "the orders part at beat 1, [0, 4] and [1, 0]; "
        "loop 0 is the first that differs, (2 d0+=1) and (2 d1+=4)",
    ),
    (
        ROWS,
        replace(ROWS, loops=(Loop(3), *ROWS.loops)),
        "the orders part at beat 4, the end and [0, 0]; "
        "loop 0 is the first that differs, (2 d0+=1) and (3 again)",
    ),
    (
        GROUP,
        row_major(FMT, (8, 8), 4),
        "the orders part at beat 2 (with tokens=1), the end and [1, 0]; "
        "loop 0 is the first that differs, (tokens<=8 d0+=1) and (8 d0+=1)",
    ),
    (
        GROUP,
        row_major(FMT, (Symbol("tokens", 4), 8), 4),
        "symbols count other iterations, tokens<=8 and tokens<=4",
    ),
    (
        RAGGED,
        replace(RAGGED, loops=(Loop(2, 2, 0), Loop(2, 1, 0), *RAGGED.loops[1:])),
        "symbols count other iterations, length<=32 for each of (4 d0+=1) "
        "and length<=32 for each of (2 d0+=2)",
    ),
]


@pytest.mark.parametrize(("first", "second", "sentence"), SENTENCES)
def test_sentences(first: ITensor, second: ITensor, sentence: str) -> None:
    assert str(difference(first, second)) == sentence
    assert difference(first, first) is None


def test_explanation() -> None:
    split = replace(ROWS, loops=(Loop(2, 4, 1), Loop(1, 8, 1), Loop(2, 1, 0)))
    why = difference(ROWS, split)
    assert why is not None
    assert why.explain().splitlines() == [
        "first   1x4:s8 (2 d0+=1) (2 d1+=4)",
        "second  1x4:s8 (2 d1+=4) (1 d1+=8) (2 d0+=1)",
        "normal  1x4:s8 (2 d0+=1) (2 d1+=4)",
        "        1x4:s8 (2 d1+=4) (2 d0+=1)",
        "loop 0  (2 d0+=1) and (2 d1+=4)",
        "beat 1  from 0: [0, 0] [0, 4] [1, 0]",
        "        from 0: [0, 0] [1, 0] [0, 4]",
        f"so      {why}",
    ]


def test_large_types_cost_nothing() -> None:
    shape = (1 << 20, 1 << 20)
    tiles = ITensor(FMT, (1, 4), (Loop(1 << 16, 16, 0), Loop(1 << 18, 4, 1), Loop(16, 1, 0)))
    why = difference(row_major(FMT, shape, 4), tiles)
    assert why is not None and (why.beat, why.offsets) == (1, ((0, 4), (1, 0)))
    short = row_major(FMT, (shape[0] - 1, shape[1]), 4)
    why = difference(row_major(FMT, shape, 4), short)
    assert why is not None and why.beat == short.beats() and why.offsets[1] is None
