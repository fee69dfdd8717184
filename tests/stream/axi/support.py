# SPDX-License-Identifier: Apache-2.0
"""What the AXI benches share: a component with AXI pins, stream drivers, checks of the channels."""

import itertools
import logging
import random
from collections.abc import Iterable, Iterator
from typing import Any

import cocotb
from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiReadBus
from cocotbext.axi.axi_channels import AxiARSink, AxiRSource

from streamhw.stream.axi.signature import connect_pins, pins


class Pinned(wiring.Component):
    """A component whose AXI buses are pins: ``buses`` gives the prefix for a member's name."""

    def __init__(self, inner: wiring.Component, buses: dict[str, str]):
        self.inner = inner
        self.buses = []
        members = {}
        for name, member in inner.signature.members.items():
            if name not in buses:
                members[name] = member
                continue
            value = getattr(inner, name)
            for i, bus in enumerate(value) if member.dimensions else [("", value)]:
                prefix = f"{buses[name]}{i}"
                self.buses.append((prefix, bus))
                members |= pins(bus.signature, prefix)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = self.inner
        for prefix, bus in self.buses:
            connect_pins(m, self, prefix, bus)
        for name, member in self.inner.signature.members.items():
            if name not in self.signature.members:
                continue
            mine, its = getattr(self, name), getattr(self.inner, name)
            if member.is_signature:
                wiring.connect(m, wiring.flipped(mine), its)
            elif member.flow == In:
                m.d.comb += Value.cast(its).eq(Value.cast(mine))
            else:
                m.d.comb += Value.cast(mine).eq(Value.cast(its))
        return m


def pauses(seed: int, probability: float) -> Iterator[bool]:
    """Random pauses, one value a cycle, with a long one now and then."""
    rng = random.Random(seed)
    while True:
        if rng.random() < 0.01:
            yield from itertools.repeat(True, 30)
        yield rng.random() < probability


async def start(dut: Any, inputs: Iterable[str] = (), outputs: Iterable[str] = ()) -> None:
    """Starts the clock and resets, with all streams at rest."""
    logging.getLogger("cocotb").setLevel(logging.WARNING)
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    await reset(dut, inputs, outputs)


async def reset(dut: Any, inputs: Iterable[str] = (), outputs: Iterable[str] = ()) -> None:
    for name in inputs:
        getattr(dut, f"{name}__valid").value = 0
    for name in outputs:
        getattr(dut, f"{name}__ready").value = 0
    dut.rst.value = 1
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)


async def send(dut: Any, port: str, beats: Iterable[int], pause: Iterator[bool] | None = None):
    """Offers beats on a stream port until all are accepted."""
    payload, valid, ready = (getattr(dut, f"{port}__{x}") for x in ("payload", "valid", "ready"))
    for beat in beats:
        while pause is not None and next(pause):
            await RisingEdge(dut.clk)
        payload.value = beat
        valid.value = 1
        while True:
            await RisingEdge(dut.clk)
            if ready.value == 1:
                break
        valid.value = 0


async def receive(
    dut: Any, port: str, count: int, pause: Iterator[bool] | None = None, limit: int = 20000
) -> list[int]:
    """Accepts that many beats of a stream port."""
    payload, valid, ready = (getattr(dut, f"{port}__{x}") for x in ("payload", "valid", "ready"))
    got: list[int] = []
    for _ in range(limit):
        accepts = not (pause is not None and next(pause))
        ready.value = int(accepts)
        await RisingEdge(dut.clk)
        if accepts and valid.value == 1:
            got.append(int(payload.value))
            if len(got) == count:
                ready.value = 0
                return got
    raise AssertionError(f"{port}: {len(got)} of {count} beats after {limit} cycles")


async def check_held(dut: Any, channels: dict[str, list[str]]) -> None:
    """Asserts for ever that each channel keeps valid and payload until accepted.

    ``channels`` maps the name up to ``valid`` and ``ready`` to the names of the payload.
    """
    before: dict[str, list[int]] = {}
    while True:
        await RisingEdge(dut.clk)
        for channel, fields in channels.items():
            valid = getattr(dut, f"{channel}valid").value
            waits = valid == 1 and getattr(dut, f"{channel}ready").value == 0
            now = [int(getattr(dut, f).value) for f in fields] if valid == 1 else []
            if channel in before:
                assert valid == 1, f"{channel}valid fell before it was accepted"
                assert now == before[channel], f"{channel} changed before it was accepted"
            before.pop(channel, None)
            if waits and dut.rst.value == 0:
                before[channel] = now


class DistantMemory:
    """A memory for reads that answers each burst ``latency`` cycles after its AR, or later."""

    def __init__(self, dut: Any, prefix: str, latency: int, words: list[int]):
        bus = AxiReadBus.from_prefix(dut, prefix)
        self.clk = dut.clk
        self.latency = latency
        self.words = words
        self.bytes = len(bus.r.rdata) // 8
        self.requests = AxiARSink(bus.ar, dut.clk, dut.rst)
        self.responses = AxiRSource(bus.r, dut.clk, dut.rst)
        self.due: list[tuple[int, Any]] = []
        self.outstanding = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        for cycle in itertools.count():
            await RisingEdge(self.clk)
            while not self.requests.empty():
                self.due.append((cycle + self.latency - 2, self.requests.recv_nowait()))
            self.outstanding = max(self.outstanding, len(self.due))
            while self.due and self.due[0][0] <= cycle:
                ar = self.due.pop(0)[1]
                first = int(ar.araddr) // self.bytes
                count = int(ar.arlen) + 1
                for i in range(count):
                    self.responses.send_nowait(
                        self.responses._transaction_obj(
                            rid=int(ar.arid),
                            rdata=self.words[first + i],
                            rresp=0,
                            rlast=int(i == count - 1),
                        )
                    )


class Faulty:
    """The target of an ``AxiSlave``: bytes, some pages of which do not exist."""

    def __init__(self, size: int, missing: set[int]):
        self.memory = bytearray(size)
        self.missing = missing

    def _check(self, address: int) -> None:
        if address // 4096 in self.missing:
            raise IndexError(f"nothing at {address:#x}")

    async def read(self, address: int, length: int) -> bytes:
        self._check(address)
        return bytes(self.memory[address : address + length])

    async def write(self, address: int, data: bytes) -> None:
        self._check(address)
        self.memory[address : address + len(data)] = data
