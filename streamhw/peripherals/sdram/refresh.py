# SPDX-License-Identifier: Apache-2.0
"""Says when a refresh is due, in a fixed rhythm."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RefreshRhythm"]


class RefreshRhythm(wiring.Component):
    """A tick every ``period`` cycles, and whether the refresh of the last one is still due.

    The rhythm does not depend on when refreshes are done: if each is done within ``late`` cycles
    of its tick, no two are further apart than ``period + late``.

    Parameters  period: cycles, at least 2; first: cycles before the first tick, 2 to ``period``
    Members     tick: Out(1)   due: Out(1)
                done: In(1), a refresh begins
    Timing      due rises in the cycle after a tick, and falls in the one after done; all registers
    Raises      ValueError: if the period is less than 2, or the first tick not within one
    """

    def __init__(self, *, period: int, first: int):
        if period < 2:
            raise ValueError(f"RefreshRhythm period must be at least 2 cycles, not {period}")
        if not 2 <= first <= period:
            raise ValueError(f"RefreshRhythm first must be 2 to {period} cycles, not {first}")
        self._period = period
        self._first = first
        super().__init__({"tick": Out(1), "due": Out(1), "done": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self._period), init=self._first - 1)
        # decided a cycle ahead, so that the counter's comparison ends in a register
        m.d.sync += [self.tick.eq(left == 1), left.eq(left - 1)]
        with m.If(self.tick):
            m.d.sync += left.eq(self._period - 1)
        with m.If(self.tick):
            m.d.sync += self.due.eq(1)
        with m.Elif(self.done):
            m.d.sync += self.due.eq(0)
        return m
