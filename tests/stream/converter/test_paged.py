# SPDX-License-Identifier: Apache-2.0
"""Mapped conversion: the hardware under stalls."""

import pytest

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from tests.stream.converter.converting import check
from tests.stream.converter.pairs import FMT, LENGTH, TOKENS

ROWS = row_major(FMT, (TOKENS, 8), 2)


BLOCKS = ITensor(FMT, (1, 2), (Loop(2, 4, 1), Loop(TOKENS, 1, 0), Loop(2, 2, 1)))


HEADS = ITensor(FMT, (1, 2), (Loop(TOKENS, 1, 0), Loop(2, 4, 1), Loop(LENGTH), Loop(2, 2, 1)))


def mapped(source, target):
    return ConverterSpec(source=source, target=target, kind=BufferKind.MAPPED)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (BLOCKS, ROWS),
        (BLOCKS, HEADS),
        (row_major(FMT, (2, 24), 2), ITensor(FMT, (1, 2), (Loop(12, 2, 1), Loop(2, 1, 0)))),
        (
            row_major(FMT, (2, 3, 4)),
            ITensor(FMT, (1, 1, 1), (Loop(4, 1, 2), Loop(3, 1, 1), Loop(2, 1, 0))),
        ),
        (
            ITensor(FMT, (1, 1), (Loop(5, 3, 1), Loop(2, 1, 0), Loop(3, 1, 1))),
            row_major(FMT, (2, 15)),
        ),
    ],
    ids=["product", "queries", "two-rows", "reversal", "page-of-3"],
)
def test_hardware(source, target):
    check(mapped(source, target), 21)


def test_many_pages():
    """More than 64 free pages wait in a memory with a register, three cycles."""
    rows = row_major(FMT, (12, 12))
    spec = mapped(rows, ITensor(FMT, (1, 1), (Loop(12, 1, 1), Loop(12, 1, 0))))
    assert spec.pages.pages > 64 and spec.pages.latency == 4
    check(spec, 3)
