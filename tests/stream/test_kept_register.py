# SPDX-License-Identifier: Apache-2.0
"""Copies of a register: their time, their first value, and that synthesis leaves them apart."""

import random

import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from streamhw.boards.base import Family
from streamhw.stream.kept_register import KeptRegister
from streamhw.synthesis.yosys import count_modules
from tests.clocked import run_clocked


class Copies(wiring.Component):
    """Some registers with one input."""

    def __init__(self, copies: int, cycles: int) -> None:
        self.copies = [KeptRegister(cycles=cycles) for _ in range(copies)]
        super().__init__({"i": In(1), "o": Out(copies)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for n, copy in enumerate(self.copies):
            m.submodules[f"copy_{n}"] = copy
            m.d.comb += [copy.i.eq(self.i), self.o[n].eq(copy.o)]
        return m


@pytest.mark.parametrize("family", [Family.ULTRASCALE_PLUS, Family.ECP5])
def test_synthesis_leaves_copies_apart(family: Family) -> None:
    text = verilog.convert(Copies(5, 3), name="top", emit_src=False)
    assert count_modules(text, family)["top"].ffs == 5 * 3


class Reset(wiring.Component):
    """A register with a port for its reset."""

    def __init__(self, reset: bool) -> None:
        self.register = KeptRegister(bits=4, cycles=3, init=9, reset=reset)
        super().__init__({"i": In(4), "clear": In(1), "o": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.register = ResetInserter(self.clear)(self.register)
        m.d.comb += [self.register.i.eq(self.i), self.o.eq(self.register.o)]
        return m


@pytest.mark.parametrize("reset", [False, True])
def test_values_come_cycles_later(reset: bool) -> None:
    rng = random.Random(1)
    top = Reset(reset)

    async def bench(ctx):
        inside = [9, 9, 9]
        for _ in range(200):
            value, clear = rng.randrange(16), rng.random() < 0.1
            ctx.set(top.i, value)
            ctx.set(top.clear, clear)
            assert ctx.get(top.o) == inside[-1]
            inside = [9, 9, 9] if clear and reset else [value, *inside[:-1]]
            await ctx.tick()

    run_clocked(top, bench)


@pytest.mark.parametrize("name", ["bits", "cycles"])
def test_errors(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^KeptRegister {name} must be at least 1, not 0$"):
        KeptRegister(**{name: 0})
