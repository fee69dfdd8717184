# SPDX-License-Identifier: Apache-2.0
"""Bases and the registers behind them, between a host and a design that take their time."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.sim import Simulator

from streamhw.stream.axi.port_bases import BASES, MOST_PORTS, PortBases, port_base
from streamhw.stream.axi.register_map import WATCHDOG, WINDOW_MINIMUM
from streamhw.stream.axi.signature import OKAY, SLAVE_ERROR

PORTS, ADDRESS = 3, 13
PATIENCE = 200


class Bench:
    """A host whose accesses come one after another, their parts when they will; and a design of
    words, which takes and answers when it will. What is above its words has an error."""

    def __init__(self, ctx: Any, dut: PortBases, rng: Random):
        self.ctx, self.dut, self._rng = ctx, dut, rng
        self.words = {address: rng.getrandbits(32) for address in range(0, WATCHDOG, 4)}
        self._parts: dict[str, dict[str, int]] = {}
        self._answers: dict[str, dict[str, int]] = {}

    async def write(self, address: int, value: int, strobe: int = 0xF) -> int:
        """The response."""
        ctx, bus, rng = self.ctx, self.dut.host, self._rng
        late = {"aw": rng.randrange(4), "w": rng.randrange(4)}
        values = {"aw": {"addr": address, "prot": 0}, "w": {"data": value, "strb": strobe}}
        for cycle in range(PATIENCE):
            for name, begin in late.items():
                if cycle == begin:
                    ctx.set(getattr(bus, name).p, values[name])
                    ctx.set(getattr(bus, name).valid, 1)
            taken = [name for name in late if passes(ctx, getattr(bus, name))]
            await self.tick()
            for name in taken:
                ctx.set(getattr(bus, name).valid, 0)
                late.pop(name)
            if not late:
                return (await self._answer(bus.b))["resp"]
        raise AssertionError("a write must be taken")

    async def read(self, address: int) -> tuple[int, int]:
        """Data and response."""
        channel = self.dut.host.ar
        self.ctx.set(channel.p, {"addr": address, "prot": 0})
        self.ctx.set(channel.valid, 1)
        taken = False
        while not taken:
            taken = passes(self.ctx, channel)
            await self.tick()
        self.ctx.set(channel.valid, 0)
        answer = await self._answer(self.dut.host.r)
        return answer["data"], answer["resp"]

    async def _answer(self, channel: Any) -> dict[str, int]:
        for _ in range(self._rng.randrange(3)):
            await self.tick()
        self.ctx.set(channel.ready, 1)
        for _ in range(PATIENCE):
            found = fields(self.ctx, channel) if passes(self.ctx, channel) else None
            await self.tick()
            if found is not None:
                self.ctx.set(channel.ready, 0)
                return found
        raise AssertionError("an access must be answered")

    async def tick(self) -> None:
        """A cycle, in which the design does something."""
        ctx, bus = self.ctx, self.dut.design
        for name in ("aw", "w", "ar"):
            free = name not in self._parts and self._rng.random() < 0.5
            ctx.set(getattr(bus, name).ready, free)
        for name, answer in self._answers.items():
            channel = getattr(bus, name)
            if not ctx.get(channel.valid) and self._rng.random() < 0.4:
                ctx.set(channel.p, answer)
                ctx.set(channel.valid, 1)
        taken = {n: fields(ctx, c) for n in ("aw", "w", "ar") if passes(ctx, c := getattr(bus, n))}
        gone = [name for name in ("b", "r") if passes(ctx, getattr(bus, name))]
        await ctx.tick()
        for name in gone:
            ctx.set(getattr(bus, name).valid, 0)
            del self._answers[name]
        self._parts |= taken
        if {"aw", "w"} <= self._parts.keys():
            address, data = self._parts.pop("aw")["addr"], self._parts.pop("w")["data"]
            if address in self.words:
                self.words[address] = data
            self._answers["b"] = {"resp": self._response(address)}
        if "ar" in self._parts:
            address = self._parts.pop("ar")["addr"]
            data = self.words.get(address, 0)
            self._answers["r"] = {"data": data, "resp": self._response(address)}

    def _response(self, address: int) -> int:
        return OKAY if address in self.words else SLAVE_ERROR


def passes(ctx: Any, channel: Any) -> bool:
    return bool(ctx.get(channel.valid) and ctx.get(channel.ready))


def fields(ctx: Any, channel: Any) -> dict[str, int]:
    return {name: ctx.get(channel.p[name]) for name, _ in channel.p.shape()}


def run(script: Callable[[Bench], Awaitable[None]], rng: Random, ports: int = PORTS) -> None:
    dut = PortBases(ports=ports, address=ADDRESS)

    async def bench(ctx: Any) -> None:
        await script(Bench(ctx, dut, rng))

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_random_accesses_of_both(seed: int) -> None:
    rng = Random(seed)

    async def script(bench: Bench) -> None:
        own = dict.fromkeys(range(BASES, port_base(PORTS - 1) + 8, 4), 0)
        words = bench.words
        places = [*own, *words, WATCHDOG, port_base(PORTS), BASES - 4, 1 << ADDRESS, 0xFFFC]
        for _ in range(300):
            address, value = rng.choice(places), rng.getrandbits(32)
            busy = rng.random() < 0.3
            bench.ctx.set(bench.dut.busy, busy)
            if rng.random() < 0.5:
                known = own.get(address, words.get(address))
                expected = (0, SLAVE_ERROR) if known is None else (known, OKAY)
                assert await bench.read(address) == expected
                continue
            strobe = rng.getrandbits(4) if address in own else 0xF
            response = await bench.write(address, value, strobe)
            if address in own and not busy:
                mask = sum(0xFF << 8 * lane for lane in range(4) if strobe >> lane & 1)
                mask &= 0xFFFFFFFF if address % 8 else 0xFFFFF000
                own[address] = own[address] & ~mask | value & mask
                assert response == OKAY
            else:
                assert response == (OKAY if address in words else SLAVE_ERROR)
                assert address not in words or words[address] == value
            for port in range(PORTS):
                low, high = own[port_base(port)], own[port_base(port) + 4]
                assert bench.ctx.get(bench.dut.bases[port]) == (low | high << 32) >> 12

    run(script, rng)


def test_a_base_answers_without_the_design() -> None:
    async def script(bench: Bench) -> None:
        ctx, dut = bench.ctx, bench.dut
        ctx.set(dut.host.ar.p, {"addr": BASES, "prot": 0})
        ctx.set(dut.host.ar.valid, 1)
        await ctx.tick()
        ctx.set(dut.host.ar.valid, 0)
        await ctx.tick()
        assert ctx.get(dut.host.r.valid) and not ctx.get(dut.design.ar.valid)

    run(script, Random(6))


def test_bases_rest_in_a_reset() -> None:
    """What was asked of memory is still to be at its place."""
    reset = Signal()
    bases = PortBases(ports=1, address=ADDRESS)
    dut = Module()
    dut.submodules.bases = ResetInserter(reset)(bases)

    async def bench(ctx: Any) -> None:
        host = Bench(ctx, bases, Random(5))
        assert await host.write(port_base(0), 0x12345000) == OKAY
        assert await host.write(port_base(0) + 4, 0x9) == OKAY
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        assert await host.read(port_base(0)) == (0x12345000, OKAY)
        assert ctx.get(bases.bases[0]) == 0x912345

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_addresses_of_bases() -> None:
    assert [port_base(port) for port in (0, 1, 31)] == [0x800, 0x808, 0x8F8]
    assert WATCHDOG < BASES and port_base(MOST_PORTS - 1) + 8 <= WINDOW_MINIMUM


@pytest.mark.parametrize("port", [-1, MOST_PORTS])
def test_ports_without_a_base(port: int) -> None:
    with pytest.raises(ValueError, match=f"Port of a base must be .*not {port}"):
        port_base(port)


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"ports": 0, "address": 13}, "PortBases ports must be .*not 0"),
        ({"ports": MOST_PORTS + 1, "address": 13}, f"not {MOST_PORTS + 1}"),
        ({"ports": 1, "address": 11}, "PortBases address must be .*not 11"),
        ({"ports": 1, "address": 17}, "PortBases address must be .*not 17"),
    ],
)
def test_sizes_that_cannot_be(sizes: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PortBases(**sizes)
