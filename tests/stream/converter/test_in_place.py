# SPDX-License-Identifier: Apache-2.0
"""Conversion in place: the hardware under stalls."""

import pytest

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from tests.stream.converter.converting import check
from tests.stream.converter.pairs import FMT, LENGTH, TOKENS, valid_pairs


def in_place(source, target):
    return ConverterSpec(source=source, target=target, kind=BufferKind.IN_PLACE)


ROWS = row_major(FMT, (TOKENS, 8), 2)


BLOCKS = ITensor(FMT, (1, 2), (Loop(2, 4, 1), Loop(TOKENS, 1, 0), Loop(2, 2, 1)))


HEADS = ITensor(FMT, (1, 2), (Loop(TOKENS, 1, 0), Loop(2, 4, 1), Loop(LENGTH), Loop(2, 2, 1)))


APART = (Loop(2), Loop(2, 4, 1), Loop(2, 2, 1), Loop(TOKENS, 1, 0))


COLUMNS = (Loop(3, 4, 1), Loop(4, 1, 0), Loop(2, 2, 1))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (ROWS, ITensor(FMT, (1, 2), (Loop(3), Loop(4, 2, 1), Loop(TOKENS, 1, 0)))),
        (BLOCKS, ROWS),
        (BLOCKS, HEADS),
        (BLOCKS, ITensor(FMT, (1, 2), APART)),
        (BLOCKS, ITensor(FMT, (1, 4), (*HEADS.loops[:3], Loop(1, 4, 1)))),
        (row_major(FMT, (4, 12), 2), ITensor(FMT, (1, 2), COLUMNS)),
        (ITensor(FMT, (1, 4), COLUMNS[:2]), row_major(FMT, (4, 12), 2)),
        (
            ITensor(FMT, (1, 1), (Loop(5, 3, 1), Loop(4, 1, 0), Loop(3, 1, 1))),
            row_major(FMT, (4, 15)),
        ),
    ],
    ids=[
        "operand",
        "product",
        "queries",
        "apart",
        "wide-queries",
        "columns",
        "narrow-rows",
        "unit-of-3",
    ],
)
def test_hardware(source, target):
    check(in_place(source, target), 21)


@pytest.mark.parametrize("seed", range(3))
def test_hardware_of_random_pairs(seed):
    for spec in valid_pairs(300 + seed, 20):
        if spec.place is not None and spec.place.units:
            check(in_place(spec.source, spec.target), seed)
            return
