# SPDX-License-Identifier: Apache-2.0
"""Cycles of reads with one block or two, by hand."""

import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.converter.buffered_timing import Schedule
from streamhw.stream.converter.geometry import BufferKind, ConverterGeometry
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major

FMT = Fixed(8)
ROWS = row_major(FMT, (2, 3))
COLUMNS = ITensor(FMT, (1, 1), (Loop(3, 1, 1), Loop(2, 1, 0)))


def schedule(target: ITensor, kind: BufferKind, invocations: int) -> Schedule:
    geometry = ConverterGeometry(source=ROWS, target=target, kind=kind)
    return Schedule(geometry, {}, invocations)


@pytest.mark.parametrize(("kind", "interval"), [(BufferKind.PING_PONG, 6), (BufferKind.SINGLE, 12)])
def test_a_transpose_waits_for_its_block(kind: BufferKind, interval: int) -> None:
    found = schedule(COLUMNS, kind, 4)
    assert found.reads == [6 + interval * n for n in range(4)]
    assert found.last_read == found.reads[-1] + 5
    assert schedule(COLUMNS, kind, 1).last_accepted == 5


def test_a_replay_follows_the_writer() -> None:
    again = ITensor(FMT, (1, 1), (Loop(2), *ROWS.loops))
    found = schedule(again, BufferKind.PING_PONG, 3)
    assert found.reads == [1, 13, 25]
    assert found.last_read - found.reads[-1] == 11


def test_symbols_of_the_source_delay_the_first_beat() -> None:
    tokens = Symbol("tokens", 2)
    rows = row_major(FMT, (tokens, 3))
    columns = ITensor(FMT, (1, 1), (Loop(3, 1, 1), Loop(tokens, 1, 0)))
    geometry = ConverterGeometry(source=rows, target=columns)
    assert Schedule(geometry, {"tokens": 2}, 1).reads == [2 + 6]
    assert Schedule(geometry, {"tokens": 1}, 1).reads == [2 + 3]
