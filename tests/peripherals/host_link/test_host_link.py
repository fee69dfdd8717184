# SPDX-License-Identifier: Apache-2.0
"""Host link on a stream of bytes: a new host and a reset get through in every state."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from amaranth.hdl import Module, ResetInserter, Signal

from streamhw.peripherals.host_link import protocol
from streamhw.peripherals.host_link.host_link import HostLink
from streamhw.peripherals.host_link.protocol import Opcode, Status
from streamhw.runtime.serial.framing import FrameReader, frame
from tests.clocked import run_clocked
from tests.peripherals.host_link.bus_models import MemoryModel, RegisterModel

LIMIT = 3000
"""Cycles in which an answer must be there."""


class Line:
    """Bytes to and from a link, with models behind its buses."""

    def __init__(self, ctx: Any, link: HostLink, reset: Signal, rng: Random):
        self.ctx, self.link, self.reset, self.rng = ctx, link, reset, rng
        self.registers = RegisterModel(link.registers, rng)
        self.memory = MemoryModel(link.memory, rng)
        self.reader = FrameReader()
        self.answers: list[bytes] = []
        self.takes = 1.0  # share of the cycles in which an answer's bytes are taken
        self.number = 0

    async def cycle(self) -> None:
        ctx, tx = self.ctx, self.link.tx
        resetting = ctx.get(self.reset)
        passed: list[Any] = []
        for model in (self.registers, self.memory):
            if resetting or (model is self.registers and ctx.get(self.link.design_reset)):
                model.forget(ctx)
            else:
                model.drive(ctx)
                passed += model.look(ctx)
        ready = self.rng.random() < self.takes
        ctx.set(tx.ready, ready)
        if ready and ctx.get(tx.valid) and not resetting:
            self.answers += self.reader.take(bytes([ctx.get(tx.payload)]))
        await ctx.tick()
        for channel in passed:
            ctx.set(channel.valid, 0)

    async def send(self, data: bytes) -> None:
        ctx, rx = self.ctx, self.link.rx
        for byte in data:
            ctx.set(rx.payload, byte)
            ctx.set(rx.valid, 1)
            ready = 0
            while not ready:
                ready = ctx.get(rx.ready)
                await self.cycle()
            ctx.set(rx.valid, 0)

    def packed(self, opcode: Opcode, fields: bytes = b"") -> bytes:
        self.number += 1
        return frame(protocol.REQUEST_HEADER.pack(opcode, self.number) + fields)

    async def ask(self, opcode: Opcode, fields: bytes = b"") -> bytes:
        """Status and fields."""
        self.answers.clear()
        await self.send(self.packed(opcode, fields))
        for _ in range(LIMIT):
            for answer in self.answers:
                told, number, _ = protocol.ANSWER_HEADER.unpack_from(answer)
                if (told, number) == (opcode | protocol.ANSWER, self.number):
                    return answer[3:]
            await self.cycle()
        raise AssertionError(f"an answer must come within {LIMIT} cycles")


def on_line(play: Callable[[Line], Awaitable[None]], seed: int = 1) -> None:
    link = HostLink(build=7, register_address=8, timeout=100)
    reset = Signal()
    top = Module()
    top.submodules.link = ResetInserter(reset)(link)

    async def bench(ctx):
        await play(Line(ctx, link, reset, Random(seed)))

    run_clocked(top, bench)


WRITE = protocol.REGISTER_WRITE.pack(8, 0x01020304)


@pytest.mark.parametrize("seed", range(2))
def test_a_new_host_gets_through_behind_any_part_of_a_request(seed: int) -> None:
    """Of which nothing is executed: its delimiter alone may be missing for that."""

    async def play(line):
        await line.ask(Opcode.PING)
        whole = line.packed(Opcode.WRITE_REGISTER, WRITE)
        for length in range(len(whole) - 1):
            await line.send(whole[:length])
            for _ in range(line.rng.randrange(20)):
                await line.cycle()
            assert (await line.ask(Opcode.PING))[0] == Status.OKAY
        assert line.registers.writes == []

    on_line(play, seed)


def test_a_reset_at_every_moment() -> None:
    """Nothing is executed twice, or before a PING; nothing sticks."""

    async def play(line):
        for moment in range(0, 180, 5):
            assert (await line.ask(Opcode.PING))[0] == Status.OKAY
            line.registers.writes.clear()
            request = line.packed(Opcode.WRITE_REGISTER, WRITE)
            await line.send(request)
            for _ in range(moment):
                await line.cycle()
            line.ctx.set(line.reset, 1)
            await line.cycle()
            line.ctx.set(line.reset, 0)
            line.answers.clear()
            await line.send(request)
            for _ in range(150):
                await line.cycle()
            # The answer before may have lacked its delimiter alone.
            *before, answer = line.answers
            assert answer[3:] == bytes([Status.CLOSED])
            assert len(before) <= len(line.registers.writes) <= 1
            assert all(early[3:] == b"\0" for early in before)

    on_line(play)


def test_answers_wait_for_a_slow_line() -> None:
    async def play(line):
        line.takes = 0.05
        await line.ask(Opcode.PING)
        content = line.memory.content
        size = 64
        found = await line.ask(Opcode.READ_MEMORY, protocol.MEMORY_READ.pack(32, size))
        assert found == b"\0" + content[32 : 32 + size]

    on_line(play)


def test_a_request_that_comes_while_one_is_executed_is_lost() -> None:
    """All but the first; none changes it."""

    async def play(line):
        await line.ask(Opcode.PING)
        line.registers.silent = True
        await line.send(line.packed(Opcode.WRITE_REGISTER, WRITE))
        line.answers.clear()
        for _ in range(3):
            await line.send(line.packed(Opcode.RESET))
        line.registers.silent = False
        for _ in range(300):
            await line.cycle()
        assert line.registers.writes == [(8, 0x01020304)]
        assert [answer[0] & 0x7F for answer in line.answers][:1] == [Opcode.WRITE_REGISTER]

    on_line(play)


def test_a_reset_of_the_design_ends_what_the_registers_owe() -> None:
    async def play(line):
        await line.ask(Opcode.PING)
        line.registers.silent = True
        where = protocol.REGISTER_READ.pack(4)
        for status in (Status.TIMEOUT, Status.BUSY):
            assert await line.ask(Opcode.READ_REGISTER, where) == bytes([status])
        assert await line.ask(Opcode.RESET) == b"\0"
        line.registers.silent = False
        value = protocol.WORD.pack(line.registers.values[4])
        assert await line.ask(Opcode.READ_REGISTER, where) == b"\0" + value

    on_line(play)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^RegisterAccess address must be 3 to 32 bits, not 2$"):
        HostLink(build=0, register_address=2)
