# SPDX-License-Identifier: Apache-2.0
"""The CRC-32 of zlib, a byte a cycle, and a stage that appends it to frames."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc import Processor, catalog
from amaranth.lib.wiring import In, Out

from .cobs_encoder import FRAME_BYTE
from .protocol import CRC_BYTES

__all__ = ["CrcAppender", "crc32"]


def crc32() -> Processor:
    """A component that has the CRC-32 of the bytes since ``start`` in ``crc``, a cycle later."""
    return catalog.CRC32_ISO_HDLC(data_width=8).create()


class CrcAppender(wiring.Component):
    """Passes frames on with their CRC-32 behind them, the lowest byte first.

    Members     i: In(stream of ``FRAME_BYTE``); o: Out(stream of ``FRAME_BYTE``)
    Timing      latency 1 cycle; a byte every 2 cycles
    Stalls      lossless; ready and valid come from registers
    """

    def __init__(self) -> None:
        signature = stream.Signature(FRAME_BYTE)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = crc32()
        appending = Signal()
        place = Signal(range(CRC_BYTES))
        free, taken = Signal(), Signal()
        m.d.comb += [
            free.eq(~self.o.valid),
            self.i.ready.eq(free & ~appending),
            taken.eq(self.i.valid & self.i.ready),
            crc.valid.eq(taken),
            crc.data.eq(self.i.p.byte),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(taken):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.p.byte.eq(self.i.p.byte),
                self.o.p.last.eq(0),
                appending.eq(self.i.p.last),
            ]
        with m.Elif(appending & free):
            last = place == CRC_BYTES - 1
            m.d.comb += crc.start.eq(last)
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.p.byte.eq(crc.crc.word_select(place, 8)),
                self.o.p.last.eq(last),
                place.eq(place + 1),
                appending.eq(~last),
            ]
        return m
