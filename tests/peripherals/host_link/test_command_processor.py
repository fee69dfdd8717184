# SPDX-License-Identifier: Apache-2.0
"""Command processor: the answer to each request, repeats from what was kept, waits that end."""

import zlib
from collections.abc import Callable
from typing import Any

import pytest

from streamhw.peripherals.host_link import protocol
from streamhw.peripherals.host_link.command_processor import CommandProcessor
from streamhw.peripherals.host_link.protocol import Opcode, Status
from tests.clocked import run_clocked

TIMEOUT, RESET = 30, 5
SIZES = {"build": 0x89ABCDEF, "register_address": 8, "memory_address": 40}
PING = protocol.IDENTITY.pack(protocol.VERSION, 0x89ABCDEF, 256, 1 << 20, 40)


class Around:
    """What is around a processor: frames, an answer's memory, both accesses.

    asked: requests that an access took; written: bytes that memory took
    registers, memory: what they answer, ``None`` if they do not; taking: whether they take requests
    """

    def __init__(self, ctx: Any, dut: CommandProcessor):
        self.ctx, self.dut = ctx, dut
        self.asked: list[tuple[int, ...]] = []
        self.written = bytearray()
        self.registers: tuple[int, int] | None = (0x12345678, 0)
        self.memory: int | None = 0
        self.content = b""  # that memory gives
        self.taking = True
        self.abandoned = 0
        self.reset_cycles = 0
        self._answer = bytearray(300)
        self._frame = b""

    async def request(self, opcode: int, fields: bytes = b"", *, number: int = 1) -> bytes:
        """Status and fields of the answer."""
        ctx, dut = self.ctx, self.dut
        body = protocol.REQUEST_HEADER.pack(opcode, number) + fields
        crc = zlib.crc32(body)
        self._frame = body + crc.to_bytes(4, "little")
        for n in range(len(dut.frame.p.head)):
            ctx.set(dut.frame.p.head[n], self._frame[n] if n < len(self._frame) else 0)
        ctx.set(dut.frame.p.length, len(self._frame))
        ctx.set(dut.frame.p.crc, crc)
        ctx.set(dut.frame.valid, 1)
        ctx.set(dut.answer.length.ready, 1)
        for _ in range(2000):
            if await self._cycle():
                length = ctx.get(dut.answer.length.payload)
                told, sequence, _ = protocol.ANSWER_HEADER.unpack_from(self._answer)
                assert (told, sequence) == (opcode | protocol.ANSWER, number)
                return bytes(self._answer[3:length])
        raise AssertionError("an answer must come")

    async def _cycle(self) -> bool:
        """Whether the answer is there."""
        ctx, dut = self.ctx, self.dut
        registers, memory = dut.registers, dut.memory
        for port in (registers, memory):
            ctx.set(port.request.ready, self.taking)
        for port, names in (
            (registers, ("write", "address", "value")),
            (memory, ("write", "beat", "beats")),
        ):
            if ctx.get(port.request.valid) and ctx.get(port.request.ready):
                self.asked.append(tuple(ctx.get(port.request.p[name]) for name in names))
                if port is registers:
                    self._give_register = self.registers
                else:
                    self._left = bytearray(self.content)
                    self._wants = 16 * self.asked[-1][2] if self.asked[-1][0] else 0
                    self._give_memory = self.memory
        self._serve()
        if ctx.get(dut.answer.write):
            self._answer[ctx.get(dut.answer.address)] = ctx.get(dut.answer.byte)
        self.abandoned += ctx.get(registers.abandon) | ctx.get(memory.abandon)
        self.reset_cycles += ctx.get(dut.design_reset)
        done = bool(ctx.get(dut.answer.length.valid))
        assert done == bool(ctx.get(dut.frame.ready))
        address = ctx.get(dut.address)
        await ctx.tick()
        ctx.set(dut.byte, self._frame[address] if address < len(self._frame) else 0)
        if done:
            ctx.set(dut.frame.valid, 0)
            await ctx.tick()
        return done

    _give_register: tuple[int, int] | None = None
    _give_memory: int | None = None
    _left = bytearray()
    _wants = 0

    def _serve(self) -> None:
        ctx, registers, memory = self.ctx, self.dut.registers, self.dut.memory
        given = self._give_register
        ctx.set(registers.result.valid, given is not None)
        if given is not None:
            ctx.set(registers.result.p, {"value": given[0], "response": given[1]})
            if ctx.get(registers.result.ready):
                self._give_register = None
        ctx.set(memory.read.valid, bool(self._left))
        if self._left:
            ctx.set(memory.read.payload, self._left[0])
            if ctx.get(memory.read.ready):
                del self._left[0]
            return
        ctx.set(memory.write.ready, self._wants > 0)
        if self._wants and ctx.get(memory.write.valid):
            self.written.append(ctx.get(memory.write.payload))
            self._wants -= 1
            return
        done = self._give_memory is not None and not self._wants
        ctx.set(memory.result.valid, done)
        if done:
            ctx.set(memory.result.payload, self._give_memory)
            if ctx.get(memory.result.ready):
                self._give_memory = None


def run(play: Callable[[Around], Any], *, opened: bool = True) -> None:
    dut = CommandProcessor(**SIZES, timeout=TIMEOUT, reset_cycles=RESET)

    async def bench(ctx):
        around = Around(ctx, dut)
        if opened:
            assert await around.request(Opcode.PING, number=0) == b"\0" + PING
        await play(around)

    run_clocked(dut, bench)


def test_registers() -> None:
    async def play(around):
        value = await around.request(Opcode.READ_REGISTER, protocol.REGISTER_READ.pack(8))
        assert value == b"\0" + protocol.WORD.pack(0x12345678)
        fields = protocol.REGISTER_WRITE.pack(12, 0xDEADBEEF)
        assert await around.request(Opcode.WRITE_REGISTER, fields, number=2) == b"\0"
        assert around.asked[0][:2] == (0, 8)
        assert around.asked[1:] == [(1, 12, 0xDEADBEEF)]

    run(play)


def test_memory() -> None:
    content = bytes(range(100, 148))

    async def play(around):
        fields = protocol.MEMORY_WRITE.pack(0x50) + content
        assert await around.request(Opcode.WRITE_MEMORY, fields) == b"\0"
        assert around.written == content
        around.content = content
        fields = protocol.MEMORY_READ.pack(0x12_3456_7890, 48)
        assert await around.request(Opcode.READ_MEMORY, fields, number=2) == b"\0" + content
        fields = protocol.MEMORY_CRC.pack(0x20, 48)
        for number in (3, 4):
            crc = await around.request(Opcode.CRC_MEMORY, fields, number=number)
            assert crc == b"\0" + protocol.WORD.pack(zlib.crc32(content))
        assert around.asked == [(1, 5, 3), (0, 0x1_2345_6789, 3), (0, 2, 3), (0, 2, 3)]

    run(play)


@pytest.mark.parametrize("response", [Status.EXOKAY, Status.SLVERR, Status.DECERR])
def test_responses_are_told_without_values(response: Status) -> None:
    async def play(around):
        around.registers, around.memory = (5, response), response
        around.content = bytes(16)
        for number, (opcode, fields) in enumerate(
            (
                (Opcode.READ_REGISTER, protocol.REGISTER_READ.pack(8)),
                (Opcode.WRITE_REGISTER, protocol.REGISTER_WRITE.pack(8, 1)),
                (Opcode.READ_MEMORY, protocol.MEMORY_READ.pack(0, 16)),
                (Opcode.CRC_MEMORY, protocol.MEMORY_CRC.pack(0, 16)),
            ),
            start=1,
        ):
            assert await around.request(opcode, fields, number=number) == bytes([response])

    run(play)


def test_nothing_is_executed_before_a_ping() -> None:
    async def play(around):
        fields = protocol.REGISTER_WRITE.pack(8, 1)
        assert await around.request(Opcode.WRITE_REGISTER, fields) == bytes([Status.CLOSED])
        assert await around.request(Opcode.RESET, number=2) == bytes([Status.CLOSED])
        assert around.asked == [] and around.reset_cycles == 0
        await around.request(Opcode.PING, number=3)
        assert await around.request(Opcode.WRITE_REGISTER, fields, number=4) == b"\0"
        assert around.asked == [(1, 8, 1)]

    run(play, opened=False)


def test_a_repeat_gets_the_answer_that_was_kept() -> None:
    """Only if number and CRC are the same: another request of the same number is executed."""

    async def play(around):
        one, two = (protocol.REGISTER_READ.pack(address) for address in (8, 12))
        first = await around.request(Opcode.READ_REGISTER, one)
        around.registers = (0x9999, 0)
        for _ in range(3):
            assert await around.request(Opcode.READ_REGISTER, one) == first
        assert len(around.asked) == 1
        second = b"\0" + protocol.WORD.pack(0x9999)
        assert await around.request(Opcode.READ_REGISTER, two) == second
        assert await around.request(Opcode.READ_REGISTER, two, number=2) == second
        assert len(around.asked) == 3

    run(play)


@pytest.mark.parametrize(
    ("opcode", "fields", "status"),
    [
        (0, b"", Status.UNKNOWN),
        (99, b"abc", Status.UNKNOWN),
        (Opcode.PING, b"a", Status.ILLEGAL),
        (Opcode.READ_REGISTER, protocol.REGISTER_READ.pack(0x100), Status.ILLEGAL),
        (Opcode.READ_MEMORY, protocol.MEMORY_READ.pack(8, 16), Status.ILLEGAL),
        (Opcode.WRITE_MEMORY, protocol.MEMORY_WRITE.pack(0) + bytes(15), Status.ILLEGAL),
    ],
)
def test_what_is_not_legal_is_not_executed(opcode: int, fields: bytes, status: Status) -> None:
    async def play(around):
        assert await around.request(opcode, fields) == bytes([status])
        assert around.asked == []

    run(play)


@pytest.mark.parametrize(
    ("opcode", "fields"),
    [
        (Opcode.READ_REGISTER, protocol.REGISTER_READ.pack(8)),
        (Opcode.READ_MEMORY, protocol.MEMORY_READ.pack(0, 32)),
        (Opcode.WRITE_MEMORY, protocol.MEMORY_WRITE.pack(0) + bytes(32)),
        (Opcode.CRC_MEMORY, protocol.MEMORY_CRC.pack(0, 32)),
    ],
)
def test_a_silent_bus(opcode: Opcode, fields: bytes) -> None:
    """TIMEOUT and nothing abandoned twice; BUSY while it owes; then all is well."""

    async def play(around):
        around.registers = around.memory = None
        assert await around.request(opcode, fields) == bytes([Status.TIMEOUT])
        assert around.abandoned == 1
        around.taking = False
        assert await around.request(opcode, fields, number=2) == bytes([Status.BUSY])
        around.taking, around.registers, around.memory = True, (7, 0), 0
        around.content = bytes(32)
        answer = await around.request(opcode, fields, number=3)
        assert answer[0] == Status.OKAY
        assert len(around.asked) == 2 and around.abandoned == 1

    run(play)


def test_reset_of_the_design() -> None:
    async def play(around):
        assert await around.request(Opcode.RESET) == b"\0"
        assert around.reset_cycles == RESET

    run(play)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"build": 1 << 32}, "build must have at most 32 bits, not 0x100000000"),
        ({"timeout": 1}, "timeout must be at least 2 cycles, not 1"),
        ({"reset_cycles": 0}, "reset_cycles must be at least 1, not 0"),
    ],
)
def test_errors(change: dict[str, int], told: str) -> None:
    with pytest.raises(ValueError, match=f"^CommandProcessor {told}$"):
        CommandProcessor(**SIZES | {"timeout": 9, "reset_cycles": 1} | change)
