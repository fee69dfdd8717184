# SPDX-License-Identifier: Apache-2.0
"""Register slices between the sequencers of the matmul engine and its rows."""

import pytest
from amaranth.hdl import Fragment, Module, ResetInserter, Signal, signed
from amaranth.sim import Simulator

from streamhw.compiler.backend.ram_modules import Target
from streamhw.kernels.matmul.die_slice import DieSlice, sliced


@pytest.mark.parametrize("cycles", [0, 1, 4])
def test_signals_come_together_and_so_many_cycles_later(cycles: int) -> None:
    m = Module()
    wide, narrow = Signal(70), Signal(signed(5))
    arrived = sliced(m, "slice", {"wide": wide, "narrow": narrow}, cycles)
    there, back = Signal(70), Signal(signed(5))
    m.d.comb += [there.eq(arrived["wide"]), back.eq(arrived["narrow"])]
    m.d.sync += Signal().eq(0)  # a clock, also without registers
    sent = [((n * 0x123456789ABCDEF0F) % (1 << 70), n % 32 - 16) for n in range(1, 20)]
    seen = []

    async def bench(ctx) -> None:
        for values in sent:
            ctx.set(wide, values[0])
            ctx.set(narrow, values[1])
            seen.append((ctx.get(there), ctx.get(back)))
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [(0, 0)] * cycles + sent[: len(sent) - cycles]


def test_slices_of_one_size_are_one_module() -> None:
    files, m = Target(), Module()
    for name in ("a", "b"):
        sliced(m, name, {"x": Signal(12), "y": Signal(4)}, 2)
    Fragment.get(m, files.within("rows"))
    assert list(files.texts) == [f"{DieSlice(16, 2).module}.v"]
    (text,) = files.texts.values()
    # a register each cycle, each kept as it is, in a module that simulators do not copy
    assert text.count("always @(posedge clk)") == 2 and "no_inline_module" in text
    assert text.count("shreg_extract") >= 2


def test_only_control_is_reset() -> None:
    m, reset = Module(), Signal()
    payload, valid = Signal(8, init=0xA5), Signal(2, init=3)
    arrived = sliced(m, "slice", {"payload": payload, "valid": valid}, 2, ["valid"])
    shown, says = Signal(8), Signal(2)
    m.d.comb += [shown.eq(arrived["payload"]), says.eq(arrived["valid"])]

    async def bench(ctx) -> None:
        await ctx.tick().repeat(2)
        assert (ctx.get(shown), ctx.get(says)) == (0xA5, 3)
        ctx.set(reset, 1)
        await ctx.tick()
        assert (ctx.get(shown), ctx.get(says)) == (0xA5, 0)

    simulator = Simulator(ResetInserter(reset)(m))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
