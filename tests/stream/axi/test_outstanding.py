# SPDX-License-Identifier: Apache-2.0
"""ReadDma with fewer beats under way than its buffer holds: full, as fast, and never beyond."""

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from streamhw.stream.axi.read_dma import ReadDma
from streamhw.testing import run_cocotb
from tests.stream.axi.support import DistantMemory, Pinned, pauses, receive, reset, send, start

WIDTH, BUFFER, BURST = 64, 256, 16
LATENCY = 58
OUTSTANDING = LATENCY + BURST + 6


def test_under_way() -> None:
    dma = ReadDma(width=WIDTH, buffer=BUFFER, burst=BURST, outstanding=OUTSTANDING)
    run_cocotb(Pinned(dma, {"bus": "m_axi"}), module=__name__)


def test_must_be_a_burst() -> None:
    with pytest.raises(
        ValueError, match=r"^ReadDma outstanding must be at least the burst of 16 beats, not 15$"
    ):
        ReadDma(width=WIDTH, buffer=BUFFER, burst=BURST, outstanding=15)


class Counted:
    """Beats asked for that have not come, and the most that there were."""

    def __init__(self, dut):
        self.now = self.most = 0
        cocotb.start_soon(self._run(dut))

    async def _run(self, dut):
        while True:
            await RisingEdge(dut.clk)
            if dut.m_axi0_arvalid.value == 1 and dut.m_axi0_arready.value == 1:
                self.now += int(dut.m_axi0_arlen.value) + 1
                self.most = max(self.most, self.now)
            if dut.m_axi0_rvalid.value == 1 and dut.m_axi0_rready.value == 1:
                self.now -= 1


@cocotb.test()
async def fills_the_buffer_with_few_under_way(dut):
    await start(dut, ["i_command"], ["o"])
    words = list(range(4096))
    DistantMemory(dut, "m_axi0", LATENCY, words)
    await reset(dut, ["i_command"], ["o"])  # the memory has driven nothing before
    counted = Counted(dut)
    cocotb.start_soon(send(dut, "i_command", [600 << 40, 3 << 40]))
    await ClockCycles(dut.clk, 500)
    assert dut.stat_level.value == BUFFER
    assert counted.now == 0
    assert await receive(dut, "o", 603, pauses(5, 0.4)) == words[:600] + words[:3]
    await ClockCycles(dut.clk, 20)
    assert dut.stat_level.value == 0
    assert BURST < counted.most <= OUTSTANDING


@cocotb.test()
async def keeps_one_beat_a_cycle(dut):
    await start(dut, ["i_command"], ["o"])
    words = list(range(8192))
    DistantMemory(dut, "m_axi0", LATENCY, words)
    await reset(dut, ["i_command"], ["o"])  # the memory has driven nothing before
    counted = Counted(dut)
    begin = get_sim_time("ns")
    cocotb.start_soon(send(dut, "i_command", [2000 << 40]))
    assert await receive(dut, "o", 2000) == words[:2000]
    assert (get_sim_time("ns") - begin) // 10 <= 2000 + LATENCY + 16
    assert counted.most <= OUTSTANDING
