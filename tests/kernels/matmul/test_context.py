# SPDX-License-Identifier: Apache-2.0
"""A layer of an engine."""

from dataclasses import replace

import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.kernels.matmul.engines import context


def test_columns_in_order_let_work_begin_with_the_first() -> None:
    assert context(inputs=16, lanes=4).follows
    apart = ITensor(
        Fixed(8), (1, 1), (Loop(4, 1, 1), Loop(Symbol("tokens", 3), 1, 0), Loop(4, 4, 1))
    )
    assert not replace(context(inputs=16), arrival=apart).follows


def test_rows_of_two_digits_come_beat_by_beat() -> None:
    two = context(inputs=4, tokens=3, lanes=2, bits=15)
    assert (context().digits, two.digits) == (1, 2)
    assert context().stored == context().arrival
    loops = (Loop(Symbol("tokens", 3), 2, 0), Loop(2, 2, 1), Loop(2, 1, 0))
    assert two.stored.is_same_stream(ITensor(Fixed(8), (1, 2), loops))
    assert two.stored.tensor_shape() == (6, 4)


@pytest.mark.parametrize(("group", "groups"), [(None, 0), (4, 4), (16, 1)])
def test_counts_its_group_multipliers(group: int | None, groups: int) -> None:
    assert context(inputs=16, scale_group=group).groups == groups


def test_one_token_has_no_symbol() -> None:
    assert context(tokens=1).trip() == 1
    assert context(tokens=3).trip() == Symbol("tokens", 3)
    assert context(tokens=1).arrival == row_major(Fixed(8), (1, 16), 1)
