# SPDX-License-Identifier: Apache-2.0
"""What a converter refuses, and what follows from its kind."""

from dataclasses import replace

import pytest

from streamhw.stream.converter.geometry import BufferKind, ConverterGeometry
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.stream.converter.pairs import FMT, LENGTH, TIMES, TOKENS


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


ROWS = row_major(FMT, (4, 8), 2)
COLUMNS = ITensor(FMT, (1, 2), (Loop(4, 2, 1), Loop(4, 1, 0)))


@pytest.mark.parametrize(
    ("kind", "buffers", "depth"),
    [(BufferKind.SINGLE, 1, 16), (BufferKind.PING_PONG, 2, 32), (BufferKind.IN_PLACE, 1, 16)],
)
def test_words_of_memory_by_kind(kind, buffers, depth):
    geometry = ConverterGeometry(source=ROWS, target=COLUMNS, kind=kind)
    assert (geometry.buffers, geometry.depth) == (buffers, depth)


def test_pages_hold_no_more_than_a_block():
    geometry = ConverterGeometry(source=ROWS, target=COLUMNS, kind=BufferKind.MAPPED)
    assert geometry.depth == geometry.pages.pages * geometry.pages.pitch <= 16


def test_a_port_for_each_symbol():
    target = ITensor(FMT, (1, 2), (Loop(TIMES), *row_major(FMT, (TOKENS, 8), 2).loops))
    geometry = ConverterGeometry(source=row_major(FMT, (TOKENS, 8), 2), target=target)
    assert [port.name for port in geometry.ports] == ["i", "i_times", "i_tokens", "o"]
    assert geometry.port("i_times").type.beat_bits == 2


def test_values_of_a_ragged_symbol_in_order_of_arrival():
    heads = (Loop(TOKENS, 1, 0), Loop(2, 4, 1), Loop(LENGTH), Loop(2, 2, 1))
    geometry = ConverterGeometry(
        source=row_major(FMT, (TOKENS, 8), 2), target=ITensor(FMT, (1, 2), heads)
    )
    (symbol,) = [symbol for symbol in geometry.symbols if symbol.ragged]
    assert geometry.values(symbol, {"tokens": 2, "length": [3, 1]}) == [3, 3, 1, 1]
