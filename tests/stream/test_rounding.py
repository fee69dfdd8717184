# SPDX-License-Identifier: Apache-2.0
"""Rounding and saturation in hardware equal those of the integer reference, for every code."""

import numpy as np
import pytest
from amaranth.hdl import signed, unsigned

from streamhw.numerics.fixed import Fixed, round_shift
from streamhw.stream.rounding import rounded, saturated
from tests.clocked import values_of

SIGNED = [(code,) for code in range(-128, 128)]
UNSIGNED = [(code,) for code in range(256)]


@pytest.mark.parametrize("shift", [0, 1, 3, 7])
@pytest.mark.parametrize("rows", [SIGNED, UNSIGNED])
def test_rounds_half_up(rows: list[tuple[int]], shift: int) -> None:
    shape = signed(8) if rows is SIGNED else unsigned(8)
    found = values_of(lambda m, x: rounded(x, shift), [shape], rows)
    assert found == round_shift(np.array(rows)[:, 0], shift).tolist()


def test_halves_go_up_also_below_zero() -> None:
    assert values_of(lambda m, x: rounded(x, 1), [signed(8)], [(-3,), (-1,), (1,), (3,)]) == [
        -1,
        0,
        1,
        2,
    ]


def test_negative_shift_multiplies() -> None:
    assert values_of(lambda m, x: rounded(x, -2), [signed(4)], [(-8,), (7,)]) == [-32, 28]


@pytest.mark.parametrize("fmt", [Fixed(4), Fixed(8), Fixed(10), Fixed(4, signed=False)])
@pytest.mark.parametrize("rows", [SIGNED, UNSIGNED])
def test_saturates(rows: list[tuple[int]], fmt: Fixed) -> None:
    shape = signed(8) if rows is SIGNED else unsigned(8)
    found = values_of(lambda m, x: saturated(x, fmt), [shape], rows)
    mask = (1 << fmt.width) - 1
    wanted = fmt.saturate(np.array(rows)[:, 0])
    assert [code & mask for code in found] == [int(code) & mask for code in wanted]
