# SPDX-License-Identifier: Apache-2.0
"""The requantizer against integers: rounding, saturation, a format for each beat."""

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import unsigned

from streamhw.kernels.matmul.requantizer import (
    REQUANTIzE_LATENCY,
    Requantizer,
    choose,
    multiplier_parts,
    sum_width,
)
from streamhw.numerics.fixed import Fixed, round_shift
from tests.clocked import run_clocked, values_of

FORMATS = (Fixed(8), Fixed(12, signed=False), Fixed(24))


@pytest.mark.parametrize("width", [14, 40])
def test_equals_integers(width: int) -> None:
    rng, lanes, beats = np.random.default_rng(width), 2, 400
    top = 1 << width - 1
    acc = rng.integers(-top, top, (beats, lanes))
    bias = rng.integers(-(1 << 31), 1 << 31, (beats, lanes)) >> rng.integers(0, 31, (beats, 1))
    mult = rng.integers(0, 1 << 16, (beats, lanes))
    shift = rng.integers(0, 64, (beats, lanes))
    acc[0], bias[0], mult[0], shift[0] = top - 1, (1 << 31) - 1, (1 << 16) - 1, 0
    acc[1], bias[1], mult[1], shift[1] = -top, -(1 << 31), (1 << 16) - 1, 63
    select = rng.integers(0, len(FORMATS), beats)
    dut = Requantizer(lanes=lanes, width=width, formats=FORMATS)
    found: list[list[int]] = []
    selected: list[int] = []

    async def bench(ctx: Any) -> None:
        for cycle in range(2 * beats + REQUANTIzE_LATENCY + 1):
            # every other cycle has no beat
            beat, idle = divmod(cycle, 2)
            there = not idle and beat < beats
            ctx.set(dut.valid, there)
            if there:
                for name, values in (("acc", acc), ("bias", bias), ("mult", mult)):
                    ctx.set(getattr(dut, name), values[beat].tolist())
                ctx.set(dut.shift, shift[beat].tolist())
                ctx.set(dut.select, int(select[beat]))
            if ctx.get(dut.o_valid):
                assert cycle == 2 * len(found) + REQUANTIzE_LATENCY
                found.append([ctx.get(dut.o[lane]) for lane in range(lanes)])
                selected.append(ctx.get(dut.o_select))
            await ctx.tick()

    run_clocked(dut, bench)
    scaled = round_shift((acc + bias) * mult, shift)
    wanted = [FORMATS[f].saturate(row).tolist() for f, row in zip(select, scaled, strict=True)]
    assert selected == select.tolist()
    assert found == wanted


def test_parts_of_an_operand_fit_a_multiplier() -> None:
    assert multiplier_parts(18) == (18,)
    assert multiplier_parts(19) == (17, 2)
    assert multiplier_parts(41) == (17, 17, 7)
    assert (sum_width(14), sum_width(40)) == (33, 41)


def test_chooses_by_index() -> None:
    rows = [(n,) for n in range(4)]
    assert values_of(lambda m, s: choose(s, [7, 5, 6]), [unsigned(2)], rows) == [7, 5, 6, 6]
