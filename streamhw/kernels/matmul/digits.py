# SPDX-License-Identifier: Apache-2.0
"""Operands wider than a multiplier's 8 bits: two digits, each of which is a row of x."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...numerics.fixed import Fixed

__all__ = ["DIGIT_BITS", "MOST_OPERAND_BITS", "DigitSplit", "digits_of"]

DIGIT_BITS = 8
"""Bits of an operand that a multiplier takes."""
MOST_OPERAND_BITS = 15
"""Of an operand of two digits: the upper one has room for the carry of the lower one's sign."""


def digits_of(fmt: Fixed) -> int:
    """Digits of an operand's codes.

    Raises ``ValueError`` if they are more than two, or unsigned.
    """
    if not fmt.signed or not DIGIT_BITS <= fmt.width <= MOST_OPERAND_BITS:
        raise ValueError(
            f"Operand must be signed with {DIGIT_BITS} to {MOST_OPERAND_BITS} bits, not {fmt}"
        )
    return 1 if fmt.width == DIGIT_BITS else 2


class DigitSplit(wiring.Component):
    """Each beat of codes c as two of signed digits: h, then l, with ``c = 256 * h + l``.

    Parameters  width: bits of a code, 9 to 15; lanes: codes of a beat
    Members     i: In(stream) codes; o: Out(stream) digits
    Timing      a beat of digits a cycle, none later than its codes
    Stalls      lossless; o.valid depends on i.valid, and i.ready on o.ready
    """

    def __init__(self, *, width: int, lanes: int):
        self._lanes = lanes
        codes, digits = (
            stream.Signature(data.ArrayLayout(Fixed(bits).shape, lanes))
            for bits in (width, DIGIT_BITS)
        )
        super().__init__({"i": In(codes), "o": Out(digits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lower = Signal()
        m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready & lower)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += lower.eq(~lower)
        for lane in range(self._lanes):
            code = Value.cast(self.i.payload[lane])
            low, high = code[:DIGIT_BITS], code[DIGIT_BITS:].as_signed()
            # What the lower digit's sign takes away is added to the upper one.
            m.d.comb += self.o.payload[lane].eq(Mux(lower, low.as_signed(), high + low[-1]))
        return m
