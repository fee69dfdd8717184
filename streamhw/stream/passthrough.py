# SPDX-License-Identifier: Apache-2.0
"""A stream passed on as it is, where a part is needed but no logic."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Passthrough"]


class Passthrough(wiring.Component):
    """Connects its two sides.

    Parameters  width: bits of a beat
    Members     i: In(stream of unsigned(width))   o: Out(stream of unsigned(width))
    Timing      latency = 0 cycles
    Stalls      combinational in both directions: both neighbors must have registers
    """

    latency = 0

    def __init__(self, *, width: int):
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width))),
                "o": Out(stream.Signature(unsigned(width))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wiring.connect(m, wiring.flipped(self.i), wiring.flipped(self.o))
        return m
