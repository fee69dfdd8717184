# SPDX-License-Identifier: Apache-2.0
"""Accesses to registers: values and responses, AXI's rules, and results that nobody waits for."""

from random import Random
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Module, Signal, Value

from streamhw.peripherals.host_link.register_access import RegisterAccess
from streamhw.testing import prove_always
from tests.clocked import run_clocked
from tests.peripherals.host_link.bus_models import RegisterModel

LIMIT = 300
"""Cycles in which an access must end."""


class Driver:
    """Requests of a processor, a cycle a time, with the model behind the bus."""

    def __init__(self, ctx: Any, dut: RegisterAccess, model: RegisterModel):
        self.ctx, self.port, self.model = ctx, dut.port, model

    async def cycle(self) -> None:
        self.model.drive(self.ctx)
        passed = self.model.look(self.ctx)
        await self.ctx.tick()
        for channel in passed:
            self.ctx.set(channel.valid, 0)

    async def begin(self, address: int, value: int | None = None) -> None:
        ctx, request = self.ctx, self.port.request
        for _ in range(LIMIT):
            if ctx.get(request.ready):
                break
            await self.cycle()
        write = value is not None
        ctx.set(request.p, {"write": write, "address": address, "value": value or 0})
        ctx.set(request.valid, 1)
        await self.cycle()
        ctx.set(request.valid, 0)

    async def end(self) -> tuple[int, int]:
        """Value and response."""
        ctx, result = self.ctx, self.port.result
        ctx.set(result.ready, 1)
        for _ in range(LIMIT):
            if ctx.get(result.valid):
                found = ctx.get(result.p.value), ctx.get(result.p.response)
                await self.cycle()
                ctx.set(result.ready, 0)
                return found
            await self.cycle()
        raise AssertionError(f"a result must come within {LIMIT} cycles")


@pytest.mark.parametrize("flow", [0.2, 1.0])
def test_reads_and_writes(flow: float) -> None:
    rng = Random(8)
    dut = RegisterAccess(address=8)
    model = RegisterModel(dut.bus, rng, flow=flow)

    async def bench(ctx):
        driver = Driver(ctx, dut, model)
        for _ in range(30):
            address, value = 4 * rng.randrange(64), rng.getrandbits(32)
            response = 0 if address < RegisterModel.ERRORS else 2
            if rng.random() < 0.5:
                await driver.begin(address, value)
                assert (await driver.end())[1] == response
                assert response or model.writes.pop() == (address, value)
            else:
                await driver.begin(address)
                found = await driver.end()
                assert found[1] == response
                assert response or found[0] == model.values[address]
        assert not model.writes

    run_clocked(dut, bench)


@pytest.mark.parametrize("wait", range(0, 12, 2))
def test_an_abandoned_access_gives_no_result(wait: int) -> None:
    """It ends at the bus nevertheless, and the next one gets its own answer."""
    dut = RegisterAccess(address=8)
    model = RegisterModel(dut.bus, Random(wait))

    async def bench(ctx):
        driver = Driver(ctx, dut, model)
        model.silent = wait < 8
        await driver.begin(4, 0x1234)
        for _ in range(wait):
            await driver.cycle()
        ctx.set(dut.port.abandon, 1)
        await driver.cycle()
        ctx.set(dut.port.abandon, 0)
        assert not ctx.get(dut.port.result.valid)
        assert not ctx.get(dut.port.request.ready) or not model.silent
        model.silent = False
        await driver.begin(8)
        assert await driver.end() == (model.values[8], 0)
        assert model.writes == [(4, 0x1234)]

    run_clocked(dut, bench)


def test_what_is_shown_stays() -> None:
    """For all requests and all slaves: valid and payload of AW, W and AR until they are taken."""
    dut = RegisterAccess(address=4)
    m = Module()
    m.submodules.dut = dut
    bus, port = dut.bus, dut.port
    request = port.request
    past = Signal()
    m.d.sync += past.eq(1)
    covers = []
    for channel in (bus.aw, bus.w, bus.ar):
        payload = Value.cast(channel.payload)
        waits, before = Signal(), Signal(len(payload))
        m.d.sync += [waits.eq(channel.valid & ~channel.ready), before.eq(payload)]
        m.d.comb += Assert(~(past & waits) | (channel.valid & (payload == before)))
        covers.append(waits & channel.ready)
    m.d.comb += Assume(~request.valid | request.ready)
    inputs = [
        request.valid, Value.cast(request.payload), port.result.ready, port.abandon,
        bus.aw.ready, bus.w.ready, bus.ar.ready,
        bus.b.valid, bus.r.valid, Value.cast(bus.b.payload), Value.cast(bus.r.payload),
    ]  # fmt: skip
    prove_always(m, ports=inputs, covers=covers, depth=10)


@pytest.mark.parametrize("address", [2, 33])
def test_errors(address: int) -> None:
    told = rf"^RegisterAccess address must be 3 to 32 bits, not {address}$"
    with pytest.raises(ValueError, match=told):
        RegisterAccess(address=address)
