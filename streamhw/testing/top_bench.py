# SPDX-License-Identifier: Apache-2.0
"""cocotb bench of a whole accelerator: AXI4 memory, AXI4-Lite host, tokens as the reference's."""

import itertools
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
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam, AxiResp

from streamhw.stream.axi import register_map as registers

__all__ = ["Host", "answers"]

POLLS = 500
"""Looks at STATUS, 100 cycles apart, until an answer must be there."""


def pauses(rng: random.Random, share: float) -> Iterator[bool]:
    while True:
        yield rng.random() < share


class Host:
    """What a driver does, through the registers alone, with checks of them on the way."""

    def __init__(self, dut: Any, window: int):
        self._dut = dut
        self._bus = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self._window = window

    async def read(self, address: int) -> int:
        return int(await self._bus.read_dword(address))

    async def write(self, address: int, value: int) -> None:
        await self._bus.write_dword(address, value)

    async def keep(self, address: int, value: int) -> None:
        """Writes a register that must read as it was written."""
        await self.write(address, value)
        assert await self.read(address) == value

    async def cycles(self) -> int:
        return await self.read(registers.CYCLES_LO) | await self.read(registers.CYCLES_HI) << 32

    async def identify(self, build: int, base: int) -> None:
        """After reset: it is ours, of this build, at rest, and does not start without a prompt."""
        assert await self.read(registers.ID) == registers.ID_VALUE
        assert await self.read(registers.BUILD) == build
        assert await self.read(registers.STATUS) == registers.STATUS_IDLE
        assert await self.read(registers.COUNT) == 0
        for address, value in (
            (registers.BASE_LO, base & 0xFFFFFFFF),
            (registers.BASE_HI, base >> 32),
        ):
            await self.write(address, value)
            assert await self.read(address) == value
        await self.write(registers.ID, 0)
        assert await self.read(registers.ID) == registers.ID_VALUE, "ID must not be writable"
        await self.write(registers.CONTROL, registers.CONTROL_START)
        refused = registers.STATUS_ERROR | registers.Refusal.PROMPT << 8
        assert await self.read(registers.STATUS) == registers.STATUS_IDLE | refused

    async def answer(self, prompt: list[int], count: int) -> list[int]:
        """The tokens that follow a prompt."""
        total = len(prompt) + count
        for index, token in enumerate(prompt):
            await self.write(self._window + 4 * index, token)
        for address, value in (
            (registers.PROMPT_LENGTH, len(prompt)),
            (registers.TOTAL_LENGTH, total),
        ):
            await self.write(address, value)
            assert await self.read(address) == value
        await self.write(registers.CONTROL, registers.CONTROL_START)
        for address in (registers.TOTAL_LENGTH, registers.BASE_LO, self._window):
            answer = await self._bus.write(address, bytes(4))
            assert answer.resp == AxiResp.SLVERR, "Settings must rest while busy"
        seen, before = len(prompt), 0
        for poll in itertools.count():
            status = await self.read(registers.STATUS)
            found, cycles = await self.read(registers.COUNT), await self.cycles()
            assert not status & registers.STATUS_ERROR
            assert seen <= found <= total, f"COUNT must grow from {seen} to {total}, not to {found}"
            assert cycles >= before, f"CYCLES must not fall from {before} to {cycles}"
            seen, before = found, cycles
            if status & registers.STATUS_DONE:
                break
            assert status & registers.STATUS_BUSY
            assert poll < POLLS, f"no answer in {cycles} cycles, {found} of {total} tokens"
            await ClockCycles(self._dut.clk, 100)
        assert not status & registers.STATUS_BUSY
        assert seen == total, f"COUNT must be {total} at the end, not {seen}"
        assert await self.cycles() == before > 0, "CYCLES must rest when the answer is there"
        assert [await self.read(self._window + 4 * i) for i in range(len(prompt))] == prompt
        return [await self.read(self._window + 4 * i) for i in range(len(prompt), total)]


@cocotb.test()
async def answers(dut: Any) -> None:
    """Prompts go in through the registers, the answers come out of the token window."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="cocotbext")
    data = json.loads(Path(os.environ["STREAMHW_STIMULUS"]).read_text())
    logging.getLogger("cocotb").setLevel(logging.WARNING)
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 1
    dut.memory_rst.value = 0
    host = Host(dut, data["window"])
    channels = []
    for name in data["ports"]:
        ram = AxiRam(AxiBus.from_prefix(dut, name), dut.clk, dut.rst, size=data["size"])
        ram.write(data["base"], Path(data["image"]).read_bytes())
        channels += [ram.read_if.ar_channel, ram.read_if.r_channel]
        channels += [ram.write_if.aw_channel, ram.write_if.w_channel, ram.write_if.b_channel]
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 2)
    await host.identify(data["build"], data["base"])
    rng = random.Random(data["seed"])
    for case in data["cases"]:
        for channel in channels:
            channel.set_pause_generator(pauses(rng, case["pause"]))
        found = await host.answer(case["prompt"], len(case["expected"]))
        assert found == case["expected"], f"seed {data['seed']}, {case}: found {found}"
