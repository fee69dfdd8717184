# SPDX-License-Identifier: Apache-2.0
"""A kernel as XRT has it, in a simulator: the driver writes its registers, buffers lie anywhere."""

import json
import logging
import os
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_time
from cocotbext.axi import (
    AxiBus,
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiSlave,
    SparseMemoryRegion,
)

from streamhw.runtime.driver import generate
from streamhw.runtime.manifest import Manifest
from streamhw.runtime.recovery import recover
from streamhw.runtime.xrt.device import XrtDevice
from streamhw.stream.axi import register_map as registers
from streamhw.stream.axi.port_bases import port_base
from streamhw.testing.axi_rules import AxiRule

DATA = json.loads(Path(os.environ.get("STREAMHW_STIMULUS", os.devnull)).read_text() or "{}")
SPACE = 1 << 62
"""Bytes of the card's addresses that buffers are put into."""


def pauses(rng: random.Random, share: float) -> Iterator[bool]:
    while True:
        yield rng.random() < share


class Bank(SparseMemoryRegion):
    """The memory that a port reaches: all addresses, of which it may touch its buffer alone."""

    def __init__(self) -> None:
        super().__init__(1 << 64)
        self.buffer = range(0)

    async def _read(self, address: int, length: int, **_: object) -> bytes:
        self.check(address, length)
        return bytes(self.mem.read(address, length))

    async def _write(self, address: int, data: bytes, **_: object) -> None:
        self.check(address, len(data))
        self.mem.write(address, data)

    def check(self, address: int, length: int) -> None:
        inside = self.buffer.start <= address and address + length <= self.buffer.stop
        assert inside, f"{length} bytes at {address:#x} must be in {self.buffer}"


class SimulatedCard:
    """A ``Card`` whose every access is one on the pins; memory is reached beside them."""

    def __init__(self, dut: Any, names: list[str], rng: random.Random):
        self.dut, self._rng = dut, rng
        bus = AxiLiteBus.from_prefix(dut, "s_axi_control")
        self.bus = AxiLiteMaster(bus, dut.ap_clk, dut.ap_rst_n, reset_active_level=False)
        self.banks = [Bank() for _ in names]
        self.channels = []
        for name, bank in zip(names, self.banks, strict=True):
            # Without a reset: that of the kernel does not reset memory.
            slave = AxiSlave(AxiBus.from_prefix(dut, name), dut.ap_clk, target=bank)
            self.channels += [slave.read_if.ar_channel, slave.read_if.r_channel]
            write = slave.write_if
            self.channels += [write.aw_channel, write.w_channel, write.b_channel]
        self.read32 = resume(self._read32)
        self.write32 = resume(self._write32)

    async def _read32(self, address: int) -> int:
        answer = await self.bus.read(address, 4)
        assert answer.resp == AxiResp.OKAY, f"{address:#x}"
        return int.from_bytes(answer.data, "little")

    async def _write32(self, address: int, value: int) -> None:
        answer = await self.bus.write(address, value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, f"{address:#x}"

    def allocate(self, port: int, bank: str, size: int) -> int:
        assert bank == DATA["banks"][port]
        address = self._rng.randrange(SPACE >> 12) << 12
        self.banks[port].buffer = range(address, address + size)
        return address

    def write(self, port: int, offset: int, data: bytes) -> None:
        at = self.banks[port].buffer.start + offset
        self.banks[port].check(at, len(data))
        self.banks[port].mem.write(at, data)

    def read(self, port: int, offset: int, size: int) -> bytes:
        at = self.banks[port].buffer.start + offset
        self.banks[port].check(at, size)
        return bytes(self.banks[port].mem.read(at, size))

    def pause(self, share: float) -> None:
        for channel in self.channels:
            channel.set_pause_generator(pauses(self._rng, share))


def opened(manifest: Manifest, card: SimulatedCard) -> XrtDevice:
    """The driver, whose seconds are those of the simulation."""
    return XrtDevice(
        manifest,
        card,
        banks=DATA["banks"],
        patience=1e-3,
        clock=lambda: get_sim_time("sec"),
    )


async def reset(dut: Any) -> None:
    dut.ap_rst_n.value = 0
    await ClockCycles(dut.ap_clk, 16)
    dut.ap_rst_n.value = 1
    await ClockCycles(dut.ap_clk, 4)


def check_rules(dut: Any, names: list[str]) -> None:
    for name in names:
        bits = int(getattr(dut, f"{name}_broken").value)
        assert bits == 0, f"{name}: {[rule.name for rule in AxiRule if bits >> rule & 1]}"


@cocotb.test()
async def answers_of_a_card(dut: Any) -> None:
    """Answers as of the reference, with memory that pauses, and after a reset in the middle."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="cocotbext")
    logging.getLogger("cocotb").setLevel(logging.WARNING)
    rng = random.Random(DATA["seed"])
    manifest = Manifest.load(Path(DATA["build"]))
    names = [port.name for port in manifest.ports]
    dut.ap_rst_n.value = 0
    Clock(dut.ap_clk, 4, unit="ns").start()
    card = SimulatedCard(dut, names, rng)
    await reset(dut)

    device = await bridge(opened)(manifest, card)
    image = (Path(DATA["build"]) / "memory.bin").read_bytes()
    await bridge(lambda: device.load(image))()
    assert await bridge(lambda: device.read_memory(1, len(image) - 3))() == image[1:-2]

    def answer(case: dict[str, Any]) -> list[int]:
        count = len(case["expected"])
        return [token.token for token in generate(device, case["prompt"], count=count)]

    for case in DATA["cases"]:
        card.pause(case["pause"])
        assert await bridge(answer)(case) == case["expected"], f"seed {DATA['seed']}"
        check_rules(dut, names)

    # In the middle of an answer bases rest, then a reset comes; memory ends what it has begun.
    last = DATA["cases"][-1]
    window = registers.window_offset(manifest.context)
    total = len(last["prompt"]) + len(last["expected"])
    for index, token in enumerate(last["prompt"]):
        await card._write32(window + 4 * index, token)
    await card._write32(registers.PROMPT_LENGTH, len(last["prompt"]))
    await card._write32(registers.TOTAL_LENGTH, total)
    await card._write32(registers.CONTROL, registers.CONTROL_START)
    refused = await card.bus.write(port_base(0), bytes(4))
    assert refused.resp == AxiResp.SLVERR
    await ClockCycles(dut.ap_clk, rng.randrange(400, 900))
    assert await card._read32(registers.STATUS) & registers.STATUS_BUSY
    await reset(dut)
    await bridge(lambda: recover(device))()
    assert await bridge(answer)(last) == last["expected"], f"seed {DATA['seed']}"
    check_rules(dut, names)
