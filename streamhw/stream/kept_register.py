# SPDX-License-Identifier: Apache-2.0
"""Registers that stay apart from their equals, so that each drives its share of the loads."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .register_slice import HOLD

__all__ = ["KeptRegister"]


class KeptRegister(wiring.Component):
    """``cycles`` registers in a row, in a module of their own.

    Several of them with one input are copies of a register. Synthesis would make one of them again:
    vendors' tools leave those with an attribute apart, and Yosys those in different modules.

    Parameters  bits; cycles: at least 1; init: what the registers hold at first, and after a reset
                if they have one; reset: whether they do
    Members     i: In(bits), o: Out(bits), ``cycles`` later
    Raises      ValueError: if bits or cycles is less than 1
    """

    def __init__(self, *, bits: int = 1, cycles: int = 1, init: int = 0, reset: bool = True):
        for name, number in (("bits", bits), ("cycles", cycles)):
            if number < 1:
                raise ValueError(f"KeptRegister {name} must be at least 1, not {number}")
        self._cycles = cycles
        self._init = init
        self._reset = reset
        super().__init__({"i": In(bits), "o": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self.i
        for index in range(self._cycles):
            register = Signal(
                len(value),
                name=f"stage_{index}",
                init=self._init,
                attrs=HOLD,
                reset_less=not self._reset,
            )
            m.d.sync += register.eq(value)
            value = register
        m.d.comb += self.o.eq(value)
        return m
