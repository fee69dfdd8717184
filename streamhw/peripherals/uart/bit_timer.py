# SPDX-License-Identifier: Apache-2.0
"""Time of a bit on a serial line, in sixteenths of a clock cycle, and the timer that counts it."""

from dataclasses import dataclass

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["BitTime", "BitTimer", "bit_time"]

SHORTEST = 4
"""Cycles of the shortest bit: three samples must be apart from both of its ends."""

TOLERANCE = 0.01
"""Largest error of the time of a bit; both ends together may be off by 5 % at most."""


@dataclass(frozen=True)
class BitTime:
    """Length of a bit: ``sixteenths`` of a clock cycle, at least 64."""

    sixteenths: int

    @property
    def whole(self) -> int:
        """Cycles of a bit, rounded down."""
        return self.sixteenths // 16

    @property
    def fraction(self) -> int:
        """Sixteenths of a cycle that it is longer."""
        return self.sixteenths % 16


def bit_time(*, clock: float, baud: float) -> BitTime:
    """The nearest time of a bit.

    clock: frequency of the clock in Hz
    baud: bits a second

    Raises ``ValueError`` if a frequency is not positive, or if the clock is so slow that a bit has
    fewer than 4 cycles or an error above 1 %.
    """
    if clock <= 0 or baud <= 0:
        raise ValueError(f"UART clock and baud must be above 0 Hz, not {clock:g} and {baud:g}")
    exact = clock / baud
    time = BitTime(round(16 * exact))
    if time.whole < SHORTEST or abs(time.sixteenths / 16 / exact - 1) > TOLERANCE:
        raise ValueError(
            f"UART bit must have at least {SHORTEST} clock cycles and an error of at most "
            f"{TOLERANCE:.0%}, not {exact:.3g} cycles"
        )
    return time


class BitTimer(wiring.Component):
    """Counts the cycles of bits, one bit after another; their mean length is exact.

    Parameters  time: of a bit
    Members     restart: In(1), the next cycle is the first of a bit
                cycle: Out, of the bit, from 0 on; last: Out(1), it is the last one
    Timing      a bit has ``whole`` cycles or one more
    """

    def __init__(self, *, time: BitTime):
        self._time = time
        super().__init__(
            {"restart": In(1), "cycle": Out(range(time.whole + 1)), "last": Out(1)},
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rest = Signal(4)  # sixteenths of a cycle that the bits so far were too short
        longer = Signal()  # this bit has a cycle more
        whole = self._time.whole
        m.d.comb += self.last.eq(self.cycle == whole - 1 + longer)
        m.d.sync += self.cycle.eq(self.cycle + 1)
        with m.If(self.restart):
            m.d.sync += [self.cycle.eq(0), rest.eq(0), longer.eq(0)]
        with m.Elif(self.last):
            total = Signal(5)
            m.d.comb += total.eq(rest + self._time.fraction)
            m.d.sync += [self.cycle.eq(0), rest.eq(total), longer.eq(total[4])]
        return m
