# SPDX-License-Identifier: Apache-2.0
"""Keeps an answer, and sends it as a frame as often as it is told to."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .cobs_encoder import CobsEncoder
from .crc import CrcAppender
from .protocol import ANSWER_HEADER, PAYLOAD_LIMIT

__all__ = ["LONGEST_ANSWER", "FrameSender", "answer_port"]

LONGEST_ANSWER = ANSWER_HEADER.size + PAYLOAD_LIMIT
"""Bytes of the longest answer without its CRC."""


def answer_port() -> wiring.Signature:
    """An answer as it is made.

    address, byte, write: a byte of the answer is written when ``write`` is 1; never while it is
        sent
    length: stream of bytes to send, at least 1; ready when nothing is read from the answer
    """
    return wiring.Signature(
        {
            "address": Out(range(LONGEST_ANSWER)),
            "byte": Out(8),
            "write": Out(1),
            "length": Out(stream.Signature(range(LONGEST_ANSWER + 1))),
        }
    )


class FrameSender(wiring.Component):
    """A memory for an answer, from which frames are made: CRC, COBS code, delimiter.

    Members
    -------
    answer: ``answer_port`` from the other side
    o: stream of bytes

    Timing: 4 cycles a byte at most, the blocks of the code apart.
    Buffers: the longest answer, and a block of COBS, in memories with registered output.
    """

    def __init__(self) -> None:
        super().__init__({"answer": In(answer_port()), "o": Out(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=8, depth=LONGEST_ANSWER, init=[])
        m.submodules.crc = crc = CrcAppender()
        m.submodules.encoder = encoder = CobsEncoder()
        write, read = memory.write_port(), memory.read_port()
        wiring.connect(m, crc.o, encoder.i)
        wiring.connect(m, encoder.o, wiring.flipped(self.o))

        place = Signal(range(LONGEST_ANSWER))
        final = Signal.like(place)
        byte = Signal(8, reset_less=True)
        m.d.comb += [
            write.addr.eq(self.answer.address),
            write.data.eq(self.answer.byte),
            write.en.eq(self.answer.write),
            read.addr.eq(place),
            crc.i.p.byte.eq(byte),
            crc.i.p.last.eq(place == final),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.answer.length.ready.eq(1)
                m.d.sync += [place.eq(0), final.eq(self.answer.length.payload - 1)]
                with m.If(self.answer.length.valid):
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "LATCH"
            with m.State("LATCH"):
                m.d.sync += byte.eq(read.data)
                m.next = "GIVE"
            with m.State("GIVE"):
                m.d.comb += crc.i.valid.eq(1)
                with m.If(crc.i.ready):
                    m.d.sync += place.eq(place + 1)
                    m.next = "FETCH"
                    with m.If(crc.i.p.last):
                        m.next = "IDLE"
        return m
