# SPDX-License-Identifier: Apache-2.0
"""Codes of two digits: every code is its digits, and beats come in turns."""

from typing import Any

import numpy as np
import pytest

from streamhw.kernels.matmul.digits import DigitSplit, digits_of
from streamhw.numerics.fixed import Fixed
from tests.clocked import run_clocked


@pytest.mark.parametrize("width", [9, 12, 15])
def test_every_code_is_256_times_the_upper_digit_and_the_lower_one(width: int) -> None:
    fmt = Fixed(width)
    codes = np.arange(fmt.minimum, fmt.maximum + 1)[:: max(1, (1 << width) >> 11)]
    codes = np.append(codes, [fmt.minimum, fmt.maximum, -128, 127, 128, -129]).reshape(-1, 2)
    dut = DigitSplit(width=width, lanes=2)
    found: list[list[int]] = []

    async def bench(ctx: Any) -> None:
        beat, cycle = 0, 0
        while beat < len(codes):
            offered, taken = cycle % 5 != 0, cycle % 3 != 0
            ctx.set(dut.i.valid, offered)
            ctx.set(dut.o.ready, taken)
            ctx.set(dut.i.payload, codes[beat].tolist())
            if ctx.get(dut.o.valid) and taken:
                found.append([ctx.get(dut.o.payload[lane]) for lane in range(2)])
            leaves = offered and ctx.get(dut.i.ready)
            await ctx.tick()
            beat, cycle = beat + leaves, cycle + 1

    run_clocked(dut, bench)
    digits = np.array(found).reshape(-1, 2, 2)
    assert (256 * digits[:, 0] + digits[:, 1] == codes).all()
    assert digits.min() >= -128 and digits.max() <= 127


@pytest.mark.parametrize(("fmt", "digits"), [(Fixed(8), 1), (Fixed(9), 2), (Fixed(15), 2)])
def test_more_than_8_bits_are_two_digits(fmt: Fixed, digits: int) -> None:
    assert digits_of(fmt) == digits


@pytest.mark.parametrize("fmt", [Fixed(16), Fixed(7), Fixed(8, signed=False)])
def test_refuses(fmt: Fixed) -> None:
    with pytest.raises(ValueError, match=r"^Operand must be signed with 8 to 15 bits, not "):
        digits_of(fmt)
