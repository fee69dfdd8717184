# SPDX-License-Identifier: Apache-2.0
"""Puts frames into COBS code: no zeros but the delimiters before and behind each frame."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .protocol import DELIMITER

__all__ = ["FRAME_BYTE", "CobsEncoder"]

LONGEST = 254
"""Bytes of the longest block."""

FRAME_BYTE = data.StructLayout({"byte": 8, "last": 1})
"""A byte of a frame, and whether it is the last one of it."""


class CobsEncoder(wiring.Component):
    """Keeps a block until its length is known: its code comes first.

    The delimiter before a frame ends what a reset has left of another one.

    Members     i: In(stream of ``FRAME_BYTE``); o: Out(stream of 8 bits)
    Timing      a cycle for each byte that is taken, then 2 cycles for each that is given; 3 cycles
                more a block, and 1 for each delimiter
    Buffers     254 bytes, a memory with registered output
    Stalls      lossless; ready and valid are decoded from registers
    """

    def __init__(self) -> None:
        super().__init__({"i": In(stream.Signature(FRAME_BYTE)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.block = block = Memory(shape=8, depth=LONGEST, init=[])
        write, read = block.write_port(), block.read_port()
        length = Signal(8)
        sent = Signal(8)
        ending = Signal()  # the last byte of the frame is in the block
        empty_follows = Signal()  # it was a zero: an empty block stands for what is behind it
        byte, last = self.i.p.byte, self.i.p.last
        m.d.comb += [
            write.addr.eq(length),
            write.data.eq(byte),
            read.addr.eq(sent),
        ]
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.i.valid):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(DELIMITER)]
                with m.If(self.o.ready):
                    m.next = "FILL"
            with m.State("FILL"):
                m.d.comb += [self.i.ready.eq(1), write.en.eq(self.i.valid & (byte != 0))]
                with m.If(self.i.valid):
                    m.d.sync += [ending.eq(last), empty_follows.eq(last & (byte == 0))]
                    with m.If(byte != 0):
                        m.d.sync += length.eq(length + 1)
                    with m.If((byte == 0) | (length == LONGEST - 1) | last):
                        m.next = "CODE"
            with m.State("CODE"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(length + 1)]
                with m.If(self.o.ready):
                    m.next = "FETCH"
            with m.State("FETCH"):
                with m.If(sent == length):
                    m.d.sync += [sent.eq(0), length.eq(0), empty_follows.eq(0)]
                    with m.If(empty_follows):
                        m.next = "CODE"
                    with m.Elif(ending):
                        m.next = "END"
                    with m.Else():
                        m.next = "FILL"
                with m.Else():
                    m.next = "GIVE"
            with m.State("GIVE"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(read.data)]
                with m.If(self.o.ready):
                    m.d.sync += sent.eq(sent + 1)
                    m.next = "FETCH"
            with m.State("END"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(DELIMITER)]
                with m.If(self.o.ready):
                    m.next = "IDLE"
        return m
