# SPDX-License-Identifier: Apache-2.0
"""Collects a frame and keeps it if it came whole: its first bytes in registers, all in a memory."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .cobs_decoder import DECODED
from .crc import crc32
from .protocol import CRC_BYTES, LONGEST_CONTENT, MEMORY_CRC, REQUEST_HEADER

__all__ = ["FRAME", "HEAD", "FrameReceiver"]

HEAD = REQUEST_HEADER.size + MEMORY_CRC.size
"""Bytes of the longest request without its payload."""

SHORTEST = REQUEST_HEADER.size + CRC_BYTES

FRAME = data.StructLayout(
    {
        "head": data.ArrayLayout(8, HEAD),
        "length": range(LONGEST_CONTENT + 1),
        "crc": 8 * CRC_BYTES,
    }
)
"""The first bytes of a frame, its bytes with the CRC, and the CRC as it came."""


class FrameReceiver(wiring.Component):
    """One frame at a time: while one is kept, those that begin or end are lost.

    Members
    -------
    i: stream of ``DECODED``; its ready is always 1
    frame: stream of ``FRAME``, only of frames whose CRC is right
    address: In, of a byte of the kept frame; byte: Out, this byte a cycle later
    bad: 1 for a cycle when a frame is lost

    Timing: a frame is offered 2 cycles after its end.
    Buffers: the longest frame, a memory with registered output.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "i": In(stream.Signature(DECODED, always_ready=True)),
                "frame": Out(stream.Signature(FRAME)),
                "address": In(range(LONGEST_CONTENT)),
                "byte": Out(8),
                "bad": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.content = content = Memory(shape=8, depth=LONGEST_CONTENT, init=[])
        m.submodules.crc = crc = crc32()
        write, read = content.write_port(), content.read_port()
        frame = self.frame.p
        length = Signal.like(frame.length)
        lost = Signal()  # bytes of this frame
        byte = self.i.valid & ~self.i.p.end
        stored = byte & ~self.frame.valid
        ends = self.i.valid & self.i.p.end
        whole = ~lost & ~self.i.p.broken & ~self.frame.valid & (length >= SHORTEST)
        m.d.comb += [
            read.addr.eq(self.address),
            self.byte.eq(read.data),
            write.addr.eq(length),
            write.data.eq(self.i.p.byte),
            write.en.eq(stored & (length != LONGEST_CONTENT)),
            crc.valid.eq(stored),
            crc.data.eq(self.i.p.byte),
            crc.start.eq(ends),
        ]
        m.d.sync += self.bad.eq(ends & ((length != 0) | lost) & ~(whole & crc.match_detected))
        with m.If(self.frame.ready):
            m.d.sync += self.frame.valid.eq(0)
        with m.If(stored):
            with m.If(length == LONGEST_CONTENT):
                m.d.sync += lost.eq(1)
            with m.Else():
                m.d.sync += length.eq(length + 1)
            m.d.sync += frame.crc.eq(Cat(frame.crc[8:], self.i.p.byte))
            with m.Switch(length):
                for n in range(HEAD):
                    with m.Case(n):
                        m.d.sync += frame.head[n].eq(self.i.p.byte)
        with m.Elif(byte):
            m.d.sync += lost.eq(1)
        with m.If(ends):
            m.d.sync += [length.eq(0), lost.eq(0)]
            with m.If(whole & crc.match_detected):
                m.d.sync += [self.frame.valid.eq(1), frame.length.eq(length)]
        return m
