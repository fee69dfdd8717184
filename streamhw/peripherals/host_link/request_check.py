# SPDX-License-Identifier: Apache-2.0
"""Decides whether a request can be executed, from its length and its fields alone."""

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .frame_receiver import FRAME
from .protocol import (
    BEAT,
    CRC_BYTES,
    CRC_LIMIT,
    MEMORY_CRC,
    MEMORY_READ,
    MEMORY_WRITE,
    PAYLOAD_LIMIT,
    REGISTER_READ,
    REGISTER_WRITE,
    REQUEST_HEADER,
    Opcode,
)

__all__ = ["FIELDS", "RequestCheck"]

FIELDS = {
    Opcode.PING: 0,
    Opcode.READ_REGISTER: REGISTER_READ.size,
    Opcode.WRITE_REGISTER: REGISTER_WRITE.size,
    Opcode.READ_MEMORY: MEMORY_READ.size,
    Opcode.WRITE_MEMORY: MEMORY_WRITE.size,
    Opcode.CRC_MEMORY: MEMORY_CRC.size,
    Opcode.RESET: 0,
}
"""Bytes of the fields of a request, its payload apart."""

SHIFT = (BEAT - 1).bit_length()


class RequestCheck(wiring.Component):
    """What an opcode asks of the other bytes of its frame.

    Parameters
    ----------
    register_address: bits of a byte address of registers
    memory_address: bits of a byte address in memory

    Members
    -------
    frame: In(``FRAME``), must rest
    known: the opcode is one
    legal: length and fields are as it needs them
    bytes: of memory that it asks for

    Timing: the outputs are registers, right in the third cycle of a frame.
    """

    def __init__(self, *, register_address: int, memory_address: int):
        self._register_address = register_address
        self._memory_address = memory_address
        super().__init__(
            {
                "frame": In(FRAME),
                "known": Out(1),
                "legal": Out(1),
                "bytes": Out(MEMORY_CRC.size * 8 - MEMORY_WRITE.size * 8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frame = self.frame
        head = frame.head.as_value()
        fields = head[8 * REQUEST_HEADER.size :]
        address, length = fields[: 8 * MEMORY_WRITE.size], fields[8 * MEMORY_WRITE.size :]
        rest = Signal.like(frame.length)  # bytes of payload in the frame
        sized = Signal()
        limit = Signal(range(CRC_LIMIT + 1))
        with m.Switch(frame.head[0]):
            for opcode, size in FIELDS.items():
                bare = REQUEST_HEADER.size + size + CRC_BYTES
                with m.Case(opcode):
                    m.d.sync += self.known.eq(1)
                    if opcode is Opcode.WRITE_MEMORY:
                        m.d.sync += [sized.eq(frame.length > bare), self.bytes.eq(rest)]
                    else:
                        m.d.sync += [sized.eq(frame.length == bare), self.bytes.eq(length)]
                    if opcode is Opcode.READ_MEMORY:
                        m.d.sync += self.bytes.eq(length[:16])
            with m.Default():
                m.d.sync += [self.known.eq(0), sized.eq(0)]
        m.d.comb += rest.eq(frame.length - (REQUEST_HEADER.size + MEMORY_WRITE.size + CRC_BYTES))

        aligned, fits, near = Signal(), Signal(), Signal()
        beats = self.bytes >> SHIFT
        space = Const(1 << (self._memory_address - SHIFT))
        m.d.comb += [
            aligned.eq((address[:SHIFT] == 0) & (self.bytes[:SHIFT] == 0)),
            fits.eq((self.bytes != 0) & (self.bytes <= limit)),
            near.eq(
                ~address[self._memory_address :].any()
                & ((address[SHIFT : self._memory_address] + beats[: len(limit) - SHIFT]) <= space)
            ),
        ]
        with m.Switch(frame.head[0]):
            with m.Case(Opcode.READ_REGISTER, Opcode.WRITE_REGISTER):
                where = fields[: 8 * REGISTER_READ.size]
                m.d.sync += self.legal.eq(
                    sized & (where[:2] == 0) & ~where[self._register_address :].any()
                )
            with m.Case(Opcode.READ_MEMORY, Opcode.WRITE_MEMORY, Opcode.CRC_MEMORY):
                m.d.sync += self.legal.eq(sized & aligned & fits & near)
            with m.Default():
                m.d.sync += self.legal.eq(sized)
        m.d.comb += limit.eq(PAYLOAD_LIMIT)
        with m.If(frame.head[0] == Opcode.CRC_MEMORY):
            m.d.comb += limit.eq(CRC_LIMIT)
        return m
