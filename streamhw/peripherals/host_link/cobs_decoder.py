# SPDX-License-Identifier: Apache-2.0
"""Takes the COBS code off a stream of bytes: the bytes of frames, and where each frame ends."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .protocol import DELIMITER

__all__ = ["DECODED", "CobsDecoder"]

FULL = 0xFF
"""Code of a block of 254 bytes that no zero follows."""

DECODED = data.StructLayout({"byte": 8, "end": 1, "broken": 1})
"""A byte of a frame; or the ``end`` of one, ``broken`` if its last block was cut short."""


class CobsDecoder(wiring.Component):
    """Every delimiter ends a frame, whatever came before it: so lost bytes cost one frame.

    Members     i: In(stream of 8 bits); o: Out(stream of ``DECODED``)
    Timing      latency 1 cycle; a byte every 2 cycles
    Stalls      lossless; ready and valid come from one register
    """

    def __init__(self) -> None:
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(DECODED))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(8)  # bytes of the block that are still to come
        zero = Signal()  # the block stands for a zero behind it, unless it ends the frame
        taken = self.i.payload
        m.d.comb += self.i.ready.eq(~self.o.valid)
        with m.If(self.o.valid):
            with m.If(self.o.ready):
                m.d.sync += self.o.valid.eq(0)
        with m.Elif(self.i.valid):
            m.d.sync += [self.o.p.byte.eq(0), self.o.p.end.eq(0), self.o.p.broken.eq(0)]
            with m.If(taken == DELIMITER):
                m.d.sync += [
                    self.o.valid.eq(1),
                    self.o.p.end.eq(1),
                    self.o.p.broken.eq(left != 0),
                    left.eq(0),
                    zero.eq(0),
                ]
            with m.Elif(left == 0):
                m.d.sync += [self.o.valid.eq(zero), left.eq(taken - 1), zero.eq(taken != FULL)]
            with m.Else():
                m.d.sync += [self.o.valid.eq(1), self.o.p.byte.eq(taken), left.eq(left - 1)]
        return m
