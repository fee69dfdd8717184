# SPDX-License-Identifier: Apache-2.0
"""Plans of conversions, against replayed orders."""

import random
from math import prod

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.axis import Axis
from streamhw.stream.converter.block_plan import analyze
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from tests.stream.converter.pairs import FMT, LENGTH, TOKENS, bind, valid_pairs


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
