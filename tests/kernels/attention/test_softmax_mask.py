# SPDX-License-Identifier: Apache-2.0
"""Elements of a row that count, beat by beat."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from streamhw.kernels.attention.softmax_mask import after_hidden, before_end


@pytest.mark.parametrize("positions", [1, 2, 4])
def test_elements_that_count(positions: int) -> None:
    length, hidden, at = (Signal(5, name=name) for name in ("length", "hidden", "at"))
    last, before, after = Signal(), Signal(positions), Signal(positions)
    m = Module()
    m.d.comb += before.eq(before_end(length, last, positions))
    m.d.comb += after.eq(after_hidden(at, hidden, positions))

    async def bench(ctx):  # type: ignore[no-untyped-def]
        for size, most in ((1, 0), (7, 0), (8, 3), (9, 7)):
            rounds = -(-size // positions)
            ctx.set(length, size)
            ctx.set(hidden, most)
            counted = []
            for beat in range(rounds):
                ctx.set(at, beat)
                ctx.set(last, beat == rounds - 1)
                both = ctx.get(before) & ctx.get(after)
                counted += [both >> place & 1 for place in range(positions)]
            indices = [index for index, counts in enumerate(counted) if counts]
            assert indices == list(range(most, size))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
