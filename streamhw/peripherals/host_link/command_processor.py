# SPDX-License-Identifier: Apache-2.0
"""Executes requests, each once: one that comes again gets the answer that was kept."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .crc import crc32
from .frame_receiver import FRAME
from .frame_sender import answer_port
from .memory_access import memory_port
from .protocol import (
    ANSWER,
    ANSWER_HEADER,
    BEAT,
    CRC_LIMIT,
    IDENTITY,
    LONGEST_CONTENT,
    MEMORY_WRITE,
    PAYLOAD_LIMIT,
    REQUEST_HEADER,
    VERSION,
    Opcode,
    Status,
)
from .register_access import register_port
from .request_check import RequestCheck

__all__ = ["CommandProcessor"]

PAYLOAD = REQUEST_HEADER.size + MEMORY_WRITE.size
"""Where the bytes of WRITE_MEMORY begin."""

SHIFT = (BEAT - 1).bit_length()


class CommandProcessor(wiring.Component):
    """Between frames and the two accesses; every wait of it ends after ``timeout`` cycles.

    Parameters
    ----------
    build: 32 bits that tell the host what it talks to
    register_address, memory_address: bits of byte addresses
    timeout: cycles in which a bus must do something, at least 2
    reset_cycles: of ``design_reset``, at least 1

    Members
    -------
    frame, address, byte: as of ``FrameReceiver``, from the other side
    answer: ``answer_port``
    registers: ``register_port``; memory: ``memory_port``
    design_reset: Out(1), a register

    Raises: ``ValueError`` if a parameter is out of its range.
    """

    def __init__(
        self,
        *,
        build: int,
        register_address: int,
        memory_address: int,
        timeout: int,
        reset_cycles: int,
    ):
        if not 0 <= build < 1 << 32:
            raise ValueError(f"CommandProcessor build must have at most 32 bits, not {build:#x}")
        if timeout < 2:
            raise ValueError(f"CommandProcessor timeout must be at least 2 cycles, not {timeout}")
        if reset_cycles < 1:
            raise ValueError(
                f"CommandProcessor reset_cycles must be at least 1, not {reset_cycles}"
            )
        self._build = build
        self._register_address = register_address
        self._memory_address = memory_address
        self._timeout = timeout
        self._reset_cycles = reset_cycles
        super().__init__(
            {
                "frame": In(stream.Signature(FRAME)),
                "address": Out(range(LONGEST_CONTENT)),
                "byte": In(8),
                "answer": Out(answer_port()),
                "registers": Out(register_port(address=register_address)),
                "memory": Out(memory_port(address=memory_address)),
                "design_reset": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.check = check = RequestCheck(
            register_address=self._register_address, memory_address=self._memory_address
        )
        m.submodules.crc = crc = crc32()
        frame, registers, memory = self.frame.p, self.registers, self.memory
        head = frame.head.as_value()
        opcode = frame.head[0]
        sequence = head[8 : 8 * REQUEST_HEADER.size]
        fields = head[8 * REQUEST_HEADER.size :]
        writes = Signal()
        m.d.comb += [
            check.frame.eq(frame),
            writes.eq((opcode == Opcode.WRITE_REGISTER) | (opcode == Opcode.WRITE_MEMORY)),
            registers.request.p.write.eq(writes),
            registers.request.p.address.eq(fields),
            registers.request.p.value.eq(fields[32:]),
            memory.request.p.write.eq(writes),
            memory.request.p.beat.eq(fields >> SHIFT),
            memory.request.p.beats.eq(check.bytes >> SHIFT),
            memory.write.payload.eq(self.byte),
        ]

        opened = Signal()  # there was a PING
        kept = Signal()  # the answer is of the request with this sequence number and CRC:
        kept_sequence = Signal(16, reset_less=True)
        kept_crc = Signal.like(frame.crc, reset_less=True)
        again = Signal()
        m.d.sync += again.eq(kept & (kept_sequence == sequence) & (kept_crc == frame.crc))

        identity = Cat(
            Const(VERSION, 8),
            Const(self._build, 32),
            Const(PAYLOAD_LIMIT, 16),
            Const(CRC_LIMIT, 32),
            Const(self._memory_address, 8),
        )
        assert len(identity) == 8 * IDENTITY.size
        status = Signal(Status)
        rest = Signal(8 * (ANSWER_HEADER.size + IDENTITY.size), reset_less=True)  # to be written
        last = Signal(range(ANSWER_HEADER.size + IDENTITY.size))  # byte of it
        place = Signal.like(self.answer.address)
        length = Signal.like(self.answer.length.payload)
        m.d.comb += self.answer.length.payload.eq(length)

        waited = Signal(range(self._timeout))
        moved = Signal()
        expired = Signal()
        m.d.comb += expired.eq(waited == self._timeout - 1)
        with m.If(moved):
            m.d.sync += waited.eq(0)
        with m.Else():
            m.d.sync += waited.eq(waited + 1)
        resting = Signal(range(self._reset_cycles))
        fetched = Signal()  # ``byte`` is the one at ``address``

        def conclude(how: Status | Signal, *values: Signal | Const) -> None:
            """The next state writes header and values; with the header alone, others follow it."""
            size = sum(map(len, values)) // 8
            m.d.sync += [
                status.eq(how),
                rest[8 * ANSWER_HEADER.size :].eq(Cat(*values)),
                last.eq(ANSWER_HEADER.size + size - 1),
                length.eq(ANSWER_HEADER.size + size),
            ]
            m.next = "HEADER"

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [moved.eq(1), crc.start.eq(1)]
                m.d.sync += [self.address.eq(PAYLOAD), place.eq(ANSWER_HEADER.size)]
                # The answer that is being sent must not change.
                with m.If(self.frame.valid & self.answer.length.ready):
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.next = "JUDGE"
            with m.State("JUDGE"):
                m.d.comb += moved.eq(1)
                m.d.sync += resting.eq(self._reset_cycles - 1)
                with m.If(again):
                    m.next = "SEND"
                with m.Elif(~opened & (opcode != Opcode.PING)):
                    conclude(Status.CLOSED)
                with m.Elif(~check.known):
                    conclude(Status.UNKNOWN)
                with m.Elif(~check.legal):
                    conclude(Status.ILLEGAL)
                with m.Else():
                    with m.Switch(opcode):
                        with m.Case(Opcode.PING):
                            m.d.sync += opened.eq(1)
                            conclude(Status.OKAY, identity)
                        with m.Case(Opcode.RESET):
                            m.d.sync += self.design_reset.eq(1)
                            m.next = "RESET"
                        with m.Case(Opcode.READ_REGISTER, Opcode.WRITE_REGISTER):
                            m.d.comb += registers.request.valid.eq(1)
                            with m.If(registers.request.ready):
                                m.next = "REGISTER"
                            with m.Else():
                                conclude(Status.BUSY)
                        with m.Default():
                            m.d.comb += memory.request.valid.eq(1)
                            with m.If(memory.request.ready):
                                m.next = "MEMORY"
                            with m.Else():
                                conclude(Status.BUSY)
            with m.State("RESET"):
                m.d.sync += resting.eq(resting - 1)
                with m.If(resting == 0):
                    m.d.sync += self.design_reset.eq(0)
                    conclude(Status.OKAY)
            with m.State("REGISTER"):
                m.d.comb += registers.result.ready.eq(1)
                with m.If(registers.result.valid):
                    conclude(registers.result.p.response)
                    with m.If((registers.result.p.response == Status.OKAY) & ~writes):
                        conclude(Status.OKAY, registers.result.p.value)
                with m.Elif(expired):
                    m.d.comb += registers.abandon.eq(1)
                    conclude(Status.TIMEOUT)
            with m.State("MEMORY"):
                read = Signal()
                m.d.comb += [
                    memory.write.valid.eq(fetched),
                    memory.read.ready.eq(1),
                    memory.result.ready.eq(1),
                    read.eq(memory.read.valid & (opcode == Opcode.READ_MEMORY)),
                    crc.valid.eq(memory.read.valid),
                    crc.data.eq(memory.read.payload),
                    self.answer.write.eq(read),
                    self.answer.byte.eq(memory.read.payload),
                    moved.eq(memory.read.valid | (fetched & memory.write.ready)),
                ]
                m.d.sync += [fetched.eq(~(fetched & memory.write.ready)), place.eq(place + read)]
                with m.If(fetched & memory.write.ready):
                    m.d.sync += self.address.eq(self.address + 1)
                with m.If(memory.result.valid):
                    m.d.sync += fetched.eq(0)
                    conclude(memory.result.payload)
                    with m.If(memory.result.payload == Status.OKAY):
                        with m.If(opcode == Opcode.CRC_MEMORY):
                            conclude(Status.OKAY, crc.crc)
                        with m.Elif(opcode == Opcode.READ_MEMORY):
                            m.d.sync += length.eq(place)
                with m.Elif(expired):
                    m.d.sync += fetched.eq(0)
                    m.d.comb += memory.abandon.eq(1)
                    conclude(Status.TIMEOUT)
            with m.State("HEADER"):
                m.d.sync += [
                    rest[: 8 * ANSWER_HEADER.size].eq(Cat(opcode | ANSWER, sequence, status)),
                    place.eq(0),
                    kept.eq(1),
                    kept_sequence.eq(sequence),
                    kept_crc.eq(frame.crc),
                ]
                m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += [self.answer.write.eq(1), self.answer.byte.eq(rest[:8])]
                m.d.sync += [rest.eq(rest >> 8), place.eq(place + 1)]
                with m.If(place == last):
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += self.answer.length.valid.eq(1)
                with m.If(self.answer.length.ready):
                    m.d.comb += self.frame.ready.eq(1)
                    m.next = "IDLE"
        m.d.comb += self.answer.address.eq(place)
        return m
