# SPDX-License-Identifier: Apache-2.0
"""Accesses to memory: bytes and responses, AXI's rules, and ranges that nobody waits for."""

from random import Random
from typing import Any

import pytest
from amaranth.hdl import Assert, Module, Signal, Value

from streamhw.peripherals.host_link.memory_access import MemoryAccess
from streamhw.testing import prove_always
from tests.clocked import run_clocked
from tests.peripherals.host_link.bus_models import MemoryModel

LIMIT = 4000
"""Cycles in which an access must end."""


class Driver:
    """Requests of a processor, a cycle a time, with the model behind the bus."""

    def __init__(self, ctx: Any, dut: MemoryAccess, model: MemoryModel, rng: Random):
        self.ctx, self.port, self.model, self.rng = ctx, dut.port, model, rng
        self.read = bytearray()
        self.unsent = bytearray()

    async def cycle(self) -> None:
        ctx, port = self.ctx, self.port
        self.model.drive(ctx)
        passed = self.model.look(ctx)
        ctx.set(port.read.ready, self.rng.random() < 0.8)
        offers = bool(self.unsent) and self.rng.random() < 0.8
        ctx.set(port.write.valid, offers)
        if offers:
            ctx.set(port.write.payload, self.unsent[0])
        if offers and ctx.get(port.write.ready):
            del self.unsent[0]
        if ctx.get(port.read.valid) and ctx.get(port.read.ready):
            self.read.append(ctx.get(port.read.payload))
        await ctx.tick()
        for channel in passed:
            ctx.set(channel.valid, 0)

    async def begin(self, address: int, beats: int, content: bytes | None = None) -> None:
        ctx, request = self.ctx, self.port.request
        for _ in range(LIMIT):
            if ctx.get(request.ready):
                break
            await self.cycle()
        self.read.clear()
        self.unsent[:] = content or b""
        write = content is not None
        ctx.set(request.p, {"write": write, "beat": address // 16, "beats": beats})
        ctx.set(request.valid, 1)
        await self.cycle()
        ctx.set(request.valid, 0)

    async def end(self) -> int:
        """The response."""
        ctx, result = self.ctx, self.port.result
        ctx.set(result.ready, 1)
        for _ in range(LIMIT):
            if ctx.get(result.valid):
                found = int(ctx.get(result.payload))
                await self.cycle()
                ctx.set(result.ready, 0)
                return found
            await self.cycle()
        raise AssertionError(f"a result must come within {LIMIT} cycles")


@pytest.mark.parametrize("flow", [0.3, 1.0])
def test_reads_and_writes(flow: float) -> None:
    """Across the ends of bursts, and up to the end of memory."""
    rng = Random(9)
    dut = MemoryAccess(address=40)
    model = MemoryModel(dut.bus, rng, flow=flow)

    async def bench(ctx):
        driver = Driver(ctx, dut, model, rng)
        for address, beats in ((0, 1), (0xF0, 2), (0x110, 16), (0x800, 16), (4096 - 512, 32)):
            await driver.begin(address, beats)
            assert await driver.end() == 0
            assert driver.read == model.content[address : address + 16 * beats]
            content = rng.randbytes(16 * beats)
            before = bytes(model.content)
            await driver.begin(address, beats, content)
            assert await driver.end() == 0
            assert model.content[:address] == before[:address]
            assert model.content[address : address + 16 * beats] == content
            assert model.content[address + 16 * beats :] == before[address + 16 * beats :]

    run_clocked(dut, bench)


def test_the_first_error_is_told() -> None:
    rng = Random(10)
    dut = MemoryAccess(address=40)
    model = MemoryModel(dut.bus, rng)

    async def bench(ctx):
        driver = Driver(ctx, dut, model, rng)
        await driver.begin(MemoryModel.SIZE - 16, 2)
        assert await driver.end() == 3
        assert driver.read[:16] == model.content[-16:]
        await driver.begin(MemoryModel.SIZE, 1, bytes(16))
        assert await driver.end() == 3
        await driver.begin(0, 1)
        assert await driver.end() == 0

    run_clocked(dut, bench)


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("wait", [0, 3, 20, 21, 40, 90])
def test_an_abandoned_access_ends_at_the_bus(write: bool, wait: int) -> None:
    """No byte of a later request gets into it; beats that were not complete are not written."""
    rng = Random(wait)
    dut = MemoryAccess(address=40)
    model = MemoryModel(dut.bus, rng)
    content = rng.randbytes(128)

    async def bench(ctx):
        driver = Driver(ctx, dut, model, rng)
        before = bytes(model.content)
        await driver.begin(64, 8, content if write else None)
        for _ in range(wait):
            await driver.cycle()
        ctx.set(dut.port.abandon, 1)
        await driver.cycle()
        ctx.set(dut.port.abandon, 0)
        driver.unsent[:] = bytes(range(16))  # of whom it is too early
        for _ in range(LIMIT):
            if ctx.get(dut.port.request.ready):
                break
            assert not ctx.get(dut.port.result.valid)
            await driver.cycle()
        assert len(driver.unsent) == 16
        whole = len(model.writes)
        assert model.writes == [(64 + n, content[n : n + 16]) for n in range(0, 16 * whole, 16)]
        assert whole < 8
        written = 64 + 16 * whole
        assert model.content == before[:64] + content[: 16 * whole] + before[written:]
        await driver.begin(16, 3)
        assert await driver.end() == 0
        assert driver.read == model.content[16:64]

    run_clocked(dut, bench)


@pytest.mark.parametrize("write", [0, 1])
def test_what_is_shown_stays(write: int) -> None:
    """For all requests and all memories: valid and payload of AW, W and AR until they are taken.

    Abandoned at any time; every beat gets its bytes at once.
    """
    dut = MemoryAccess(address=9)
    m = Module()
    m.submodules.dut = dut
    bus, port = dut.bus, dut.port
    m.d.comb += [port.request.p.write.eq(write), port.write.valid.eq(1), port.read.ready.eq(1)]
    channels = (bus.aw, bus.w) if write else (bus.ar,)
    for channel in channels:
        payload = Value.cast(channel.payload)
        waits, before = Signal(), Signal(len(payload))
        m.d.sync += [waits.eq(channel.valid & ~channel.ready), before.eq(payload)]
        m.d.comb += Assert(~waits | (channel.valid & (payload == before)))
    address = Signal(5)
    beats = Signal(2)
    m.d.comb += [port.request.p.beat.eq(address), port.request.p.beats.eq(1 + beats)]
    again = Signal()
    m.d.sync += again.eq(bus.w.valid if write else bus.ar.valid & bus.ar.ready)
    inputs = [
        address, beats, port.request.valid, port.write.payload, port.abandon, port.result.ready,
        bus.aw.ready, bus.w.ready, bus.ar.ready,
        bus.b.valid, bus.r.valid, Value.cast(bus.b.payload), Value.cast(bus.r.payload),
    ]  # fmt: skip
    prove_always(m, ports=inputs, covers=[again], depth=22)


@pytest.mark.parametrize("address", [8, 65])
def test_errors(address: int) -> None:
    told = rf"^MemoryAccess address must be 9 to 64 bits, not {address}$"
    with pytest.raises(ValueError, match=told):
        MemoryAccess(address=address)
