# SPDX-License-Identifier: Apache-2.0
"""When the first of several rows is whole: at once, or with the last tile of all of them."""

import pytest

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.first_token import first_token, writer_order
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.stream.spec import Role

TOKENS = Symbol("tokens", 4)
TILES = ITensor(Fixed(8), (1, 2), (Loop(2, 4, 1), Loop(TOKENS, 1, 0), Loop(2, 2, 1)))
"""Rows of eight in two tiles of four: of each tile a part of every row."""


def test_a_row_after_the_other_comes_from_the_first_on() -> None:
    rows = row_major(Fixed(8), (TOKENS, 8), 2)
    assert first_token(rows, {"tokens": 4}) == pytest.approx(0.0)
    assert first_token(None, {"tokens": 4}) == 0.0


def test_rows_in_tiles_are_whole_with_the_last_tile() -> None:
    """Beat 10 of 16 is the first row's last: 4 rows one after another would be whole at 4, 8, 12
    and 16, and 10 is half of the way from 4 to 16."""
    assert first_token(TILES, {"tokens": 4}) == pytest.approx(0.5)
    assert first_token(TILES, {"tokens": 2}) == pytest.approx((6 / 8 - 1 / 2) / (1 / 2))


def test_a_single_row_is_whole_at_the_end() -> None:
    assert first_token(TILES, {"tokens": 1}) == first_token(None, {"tokens": 1}) == 1.0


def test_the_order_of_the_product_is_found_behind_what_changed_it(design: PlacedNetlist) -> None:
    """Keys and values of the tiny model come in tiles of fewer rows than they have."""
    writers = [i for i in design.instances if i.has(Role.MEM_WRITE) and i.has(Role.WRITTEN)]
    assert len(writers) == 2
    for writer in writers:
        order = writer_order(design, writer)
        assert order is not None
        (rows,) = (p.type for p in writer.part.ports if p.role is Role.DATA)
        assert not order.is_same_stream(rows)
        assert 0 < first_token(order, {"tokens": 4}) < 1
