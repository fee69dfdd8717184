# SPDX-License-Identifier: Apache-2.0
"""Sends bytes over a serial line: start bit, eight data bits from the lowest, stop bit."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .bit_timer import BitTimer, bit_time

__all__ = ["UartTransmitter"]

BITS = 10
"""Of a byte on the line."""


class UartTransmitter(wiring.Component):
    """A stream of bytes as 8N1.

    Parameters  clock: Hz; baud: bits a second
    Members     i: In(stream of 8 bits); tx: Out(1), the line, a register; 1 at rest
    Timing      10 bits a byte; the start bit begins in the cycle after a byte was accepted
    Stalls      lossless; ready is a register
    Raises      ValueError: if no time of a bit fits (``bit_time``)
    """

    def __init__(self, *, clock: float, baud: float):
        self._time = bit_time(clock=clock, baud=baud)
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.timer = timer = BitTimer(time=self._time)
        ready = Signal(init=1)
        waiting = Signal(BITS - 1, reset_less=True)  # behind the bit on the line
        left = Signal(range(BITS))
        m.d.comb += [self.i.ready.eq(ready), timer.restart.eq(ready)]
        with m.If(ready):
            with m.If(self.i.valid):
                m.d.sync += [
                    self.tx.eq(0),
                    waiting.eq(Cat(self.i.payload, Const(1, 1))),
                    left.eq(BITS - 1),
                    ready.eq(0),
                ]
        with m.Elif(timer.last):
            m.d.sync += [self.tx.eq(waiting[0]), waiting.eq(waiting[1:]), left.eq(left - 1)]
            with m.If(left == 0):
                m.d.sync += [self.tx.eq(1), ready.eq(1)]
        return m
