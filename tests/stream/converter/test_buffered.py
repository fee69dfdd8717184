# SPDX-License-Identifier: Apache-2.0
"""Layout converter with one block or two: hardware under stalls with exact timing."""

from dataclasses import replace

import pytest

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.stream.converter.converting import check
from tests.stream.converter.pairs import FMT, LENGTH, TIMES, TOKENS, valid_pairs

BUFFERS = [BufferKind.SINGLE, BufferKind.PING_PONG]


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
