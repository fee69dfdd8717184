# SPDX-License-Identifier: Apache-2.0
"""Layout converter: plan against replayed orders, hardware under stalls with exact timing."""

import random
from dataclasses import replace
from math import prod

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.axis import Axis
from streamhw.stream.converter.block_plan import analyze
from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.stream.converter.converting import check
from tests.stream.converter.pairs import FMT, LENGTH, TIMES, TOKENS, bind, valid_pairs

BUFFERS = [BufferKind.SINGLE, BufferKind.PING_PONG]


def test_block_of_the_shared_column():
    source = ITensor(FMT, (4, 2), (Loop(4, 2, 1), Loop(2, 4, 0)))
    target = ITensor(FMT, (4, 2), (Loop(4, 2, 1), Loop(2), Loop(2, 4, 0)))
    plan = analyze(source, target)
    assert plan.shared == (Loop(4, 2, 1),)
    assert (plan.block, plan.words, plan.lanes, plan.banks) == ((8, 2), 2, 8, 1)
    assert (plan.reuse, plan.follow) == (2, True)


def test_row_block_is_reused():
    source = ITensor(FMT, (16, 16), (Loop(4, 16, 0), Loop(4, 16, 1)))
    target = ITensor(FMT, (16, 16), (Loop(4, 16, 0), Loop(4), Loop(4, 16, 1)))
    plan = analyze(source, target)
    assert (plan.shared, plan.block, plan.reuse) == ((Loop(4, 16, 0),), (16, 64), 4)


def test_transpose_holds_everything():
    source = row_major(FMT, (8, 6))
    target = ITensor(FMT, (1, 1), (Loop(6, 1, 1), Loop(8, 1, 0)))
    plan = analyze(source, target)
    assert (plan.shared, plan.block, plan.words, plan.follow) == ((), (8, 6), 48, False)
    assert plan.read == (Axis(trip=6, increment=1), Axis(trip=8, increment=6))


def test_a_loop_is_split_to_share_its_outer_part():
    source = row_major(FMT, (TOKENS, 24), 2)
    heads = (Loop(TOKENS, 1, 0), Loop(3, 8, 1), Loop(LENGTH), Loop(4, 2, 1))
    plan = analyze(source, ITensor(FMT, (1, 2), heads))
    assert plan.shared == (Loop(TOKENS, 1, 0), Loop(3, 8, 1))
    assert (plan.block, plan.follow) == ((1, 8), True)


def test_wider_tile_needs_one_word():
    plan = analyze(row_major(FMT, (4, 24), 2), row_major(FMT, (4, 24), 6))
    assert (plan.words, plan.lanes, plan.banks, plan.bank_bits) == (1, 6, 3, 2)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (row_major(Fixed(7), (4, 8), 2), "types must have one format and rank"),
        (row_major(FMT, (8,), 2), "types must have one format and rank"),
        (ITensor(FMT, (2, 1), (Loop(2, 2, 0), Loop(8, 1, 1))), "tiles must differ by an integer"),
        (row_major(FMT, (4, 9), 3), "tiles must differ by an integer"),
        (row_major(FMT, (4, 4), 2), "types must cover the same block"),
        (ITensor(FMT, (1, 2), (Loop(4, 1, 0), Loop(7, 1, 1))), "nests must cover dimensions"),
    ],
)
def test_no_conversion(target, text):
    source = row_major(FMT, (4, 8), 2)
    with pytest.raises(ValueError, match=rf"^Converter {text}.*not .*1x2:s6.*") as error:
        ConverterSpec(source=source, target=target)
    assert str(source) in str(error.value) and str(target) in str(error.value)


def test_errors():
    full, part = row_major(FMT, (3, 8)), row_major(FMT, (TOKENS, 8))
    column = ITensor(FMT, (1, 1), (Loop(8, 1, 1), Loop(3, 1, 0)))
    with pytest.raises(ValueError, match=r"^Converter target must read no more than the source"):
        ConverterSpec(source=part, target=column)
    again = replace(full, loops=(full.loops[1], Loop(2), full.loops[0]))
    with pytest.raises(ValueError, match=r"^Converter source must send each tile of a block once"):
        ConverterSpec(source=again, target=full)
    other = row_major(FMT, (Symbol("tokens", 4), 8))
    with pytest.raises(ValueError, match=r"^Converter symbol must mean one thing, not "):
        ConverterSpec(source=part, target=other)
    ragged = ITensor(FMT, (1, 1), (Loop(LENGTH), *full.loops))
    with pytest.raises(ValueError, match=r"^Converter symbol length<=4 must not bound the outer"):
        ConverterSpec(source=full, target=ragged).ports  # noqa: B018


def addresses(axes, trips):
    """Addresses of a walk in order; ``trips(axis)`` gives the trip at each entry."""
    if not axes:
        return [0]
    return [
        n * axes[0].increment + rest
        for n in range(trips(axes[0]))
        for rest in addresses(axes[1:], trips)
    ]


def replay(spec, symbol_values, tensor):
    """The output that the plan gives, word by word through a buffer of one block."""
    plan = spec.plan
    values = {s.name: iter(spec.values(s, symbol_values)) for s in spec.symbols if s.ragged}

    def trips(axis):
        if isinstance(axis.trip, int):
            return axis.trip
        return next(values[axis.trip.name]) if axis.trip.ragged else symbol_values[axis.trip.name]

    beats = iter(spec.source.pack(tensor, symbol_values))
    result = []

    def place(address, itensor):
        """Bank and word, or all banks."""
        if itensor.lanes == plan.lanes:
            return range(plan.banks), address
        return [address % (1 << plan.bank_bits)], address >> plan.bank_bits

    def blocks(shared):
        if shared:
            for _ in range(trips(Axis(trip=shared[0].trip, increment=0))):
                blocks(shared[1:])
            return
        memory = np.full((plan.banks, plan.words, plan.lanes // plan.banks), 99)
        for address in addresses(plan.write, trips):
            banks, word = place(address, spec.source)
            assert (memory[banks, word] == 99).all(), "a tile is written twice"
            memory[banks, word] = next(beats).reshape(len(banks), -1)
        for address in addresses(plan.read, trips):
            banks, word = place(address, spec.target)
            result.append(memory[banks, word].reshape(-1))

    blocks(plan.shared)
    assert next(beats, None) is None
    return np.array(result)


@pytest.mark.parametrize("seed", range(8))
def test_plan_of_random_pairs(seed):
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    for index, spec in enumerate(valid_pairs(seed, 40)):
        symbol_values = bind(rng, spec)
        tensor = numbers.integers(FMT.minimum, FMT.maximum + 1, spec.source.tensor_shape())
        got = replay(spec, symbol_values, tensor)
        where = f"seed {seed}, pair {index}: {spec.source} to {spec.target}, {symbol_values}"
        assert np.array_equal(got, spec.target.pack(tensor, symbol_values)), where
        assert spec.plan.words * spec.plan.lanes == prod(spec.plan.block)


@pytest.mark.parametrize("seed", range(12))
def test_random_pairs(seed):
    check(valid_pairs(100 + seed, 1)[0], seed)


@pytest.mark.parametrize("kind", BUFFERS)
def test_to_the_matmul_and_back(kind):
    rows = row_major(FMT, (TOKENS, 8), 2)
    tiles = ITensor(FMT, (1, 4), (Loop(3), Loop(2, 4, 1), Loop(TOKENS, 1, 0)))
    check(ConverterSpec(source=rows, target=tiles, kind=kind), 1)
    blocks = ITensor(FMT, (1, 2), (Loop(2, 4, 1), Loop(TOKENS, 1, 0), Loop(2, 2, 1)))
    check(ConverterSpec(source=blocks, target=rows, kind=kind), 2)


@pytest.mark.parametrize("kind", BUFFERS)
def test_queries(kind):
    blocks = ITensor(FMT, (1, 2), (Loop(2, 4, 1), Loop(TOKENS, 1, 0), Loop(2, 2, 1)))
    heads = (Loop(TOKENS, 1, 0), Loop(2, 4, 1), Loop(LENGTH), Loop(2, 2, 1))
    target = ITensor(FMT, (1, 2), heads)
    check(ConverterSpec(source=blocks, target=target, kind=kind), 3)
    rows = row_major(FMT, (TOKENS, 8), 2)
    check(ConverterSpec(source=rows, target=target, kind=kind), 4)


@pytest.mark.parametrize("kind", BUFFERS)
@pytest.mark.parametrize("times", [1, 3, TIMES])
def test_replay(kind, times):
    row = row_major(FMT, (4,), 2)
    check(
        ConverterSpec(source=row, target=replace(row, loops=(Loop(times), *row.loops)), kind=kind),
        5,
    )


@pytest.mark.parametrize("kind", BUFFERS)
def test_one_beat(kind):
    one = ITensor(FMT, (1,), ())
    check(ConverterSpec(source=one, target=one, kind=kind), 6)
    check(ConverterSpec(source=one, target=replace(one, loops=(Loop(3),)), kind=kind), 7)


def test_two_rows_of_a_tile():
    narrow = ITensor(FMT, (2, 1), (Loop(4, 1, 1), Loop(2, 2, 0)))
    wide = ITensor(FMT, (2, 2), (Loop(2, 2, 0), Loop(2, 2, 1)))
    check(ConverterSpec(source=narrow, target=wide), 8)
    check(ConverterSpec(source=wide, target=narrow), 9)


@pytest.mark.parametrize("kind", BUFFERS)
def test_groups_of_one(kind):
    """A bound of 1 leaves counters without bits."""
    single = Symbol("tokens", 1)
    rows = row_major(FMT, (single, 8), 2)
    tiles = ITensor(FMT, (1, 4), (Loop(2), Loop(2, 4, 1), Loop(single, 1, 0)))
    check(ConverterSpec(source=rows, target=tiles, kind=kind), 10)
    heads = (Loop(1, 1, 0), Loop(2, 4, 1), Loop(LENGTH), Loop(2, 2, 1))
    full = row_major(FMT, (1, 8), 2)
    check(ConverterSpec(source=full, target=ITensor(FMT, (1, 2), heads), kind=kind), 11)


@pytest.mark.parametrize("sequence", [1, -1])
def test_rereads_on_either_side_of_a_ragged_one(sequence):
    """One order, so one hardware: values come once for each entry of the normal form's loop."""
    rows = row_major(FMT, (3, 4), 2)
    again = (Loop(LENGTH), Loop(2))[::sequence]
    target = ITensor(FMT, (1, 2), (Loop(3, 1, 0), *again, Loop(2, 2, 1)))
    check(ConverterSpec(source=rows, target=target), 12)
