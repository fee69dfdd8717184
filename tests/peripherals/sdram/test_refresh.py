# SPDX-License-Identifier: Apache-2.0
"""Rhythm of refreshes: it keeps its period whatever is done, and no tick is forgotten."""

from typing import Any

import pytest

from streamhw.peripherals.sdram.refresh import RefreshRhythm
from tests.clocked import run_clocked


@pytest.mark.parametrize(("period", "first"), [(2, 2), (7, 3), (7, 7)])
def test_ticks(period: int, first: int) -> None:
    dut = RefreshRhythm(period=period, first=first)
    found = []

    async def bench(ctx: Any) -> None:
        for cycle in range(1, 5 * period + 1):
            if ctx.get(dut.tick):
                found.append(cycle)
            await ctx.tick()

    run_clocked(dut, bench)
    assert found == list(range(first, 5 * period + 1, period))


def test_due_until_done() -> None:
    dut = RefreshRhythm(period=6, first=6)

    async def bench(ctx: Any) -> None:
        for late in (1, 3, 6):  # the last in the cycle of the next tick, whose refresh stays due
            while not ctx.get(dut.tick):
                await ctx.tick()
            for _ in range(late):
                await ctx.tick()
                assert ctx.get(dut.due)
            assert ctx.get(dut.tick) == (late == 6)
            ctx.set(dut.done, 1)
            await ctx.tick()
            ctx.set(dut.done, 0)
            assert ctx.get(dut.due) == (late == 6)

    run_clocked(dut, bench)


def test_errors() -> None:
    with pytest.raises(
        ValueError, match=r"^RefreshRhythm period must be at least 2 cycles, not 1$"
    ):
        RefreshRhythm(period=1, first=1)
    for first in (1, 9):
        with pytest.raises(
            ValueError, match=rf"^RefreshRhythm first must be 2 to 8 cycles, not {first}$"
        ):
            RefreshRhythm(period=8, first=first)
