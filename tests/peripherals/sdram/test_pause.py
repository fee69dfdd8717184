# SPDX-License-Identifier: Apache-2.0
"""Pauses: over after exactly as many cycles as they were started for."""

from typing import Any

import pytest
from amaranth.hdl import Module, Signal

from streamhw.peripherals.sdram.pause import Pause
from tests.clocked import run_clocked


@pytest.mark.parametrize(("cycles", "longest"), [(1, 1), (1, 5), (2, 2), (2, 5), (5, 5)])
def test_over_after_its_cycles(cycles: int, longest: int) -> None:
    m, begin, over = Module(), Signal(), Signal()
    pause = Pause(m, name="pause", longest=longest)
    m.d.comb += over.eq(pause.over)
    with m.If(begin):
        m.d.sync += pause.start(cycles)

    async def bench(ctx: Any) -> None:
        assert ctx.get(over)
        for again in (cycles + 2, 2):  # also while it counts
            ctx.set(begin, 1)
            await ctx.tick()
            ctx.set(begin, 0)
            for passed in range(1, again):
                assert ctx.get(over) == (passed >= cycles), f"{passed} cycles"
                await ctx.tick()

    run_clocked(m, bench)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^Pause must be of at least 1 cycle, not 0$"):
        Pause(Module(), name="pause", longest=0)
    with pytest.raises(ValueError, match=r"^Pause must be from 1 to 3 cycles, not 4$"):
        Pause(Module(), name="pause", longest=3).start(4)
