# SPDX-License-Identifier: Apache-2.0
"""WriteDma against cocotbext-axi: memory content, strobes, bursts, rate, errors, reset."""

import random

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiRamWrite, AxiSlaveWrite, AxiWriteBus
from cocotbext.axi.axi_channels import AxiAWMonitor

from streamhw.stream.axi.write_dma import WriteDma
from streamhw.testing import run_cocotb
from tests.stream.axi.support import Faulty, Pinned, check_held, pauses, receive, reset, send, start

WIDTH, BURST, OUTSTANDING = 64, 16, 4
BYTES = WIDTH // 8
SIZE = 1 << 16
CHANNELS = {
    "m_axi0_aw": ["m_axi0_awaddr", "m_axi0_awlen", "m_axi0_awsize", "m_axi0_awburst"],
    "m_axi0_w": ["m_axi0_wdata", "m_axi0_wstrb", "m_axi0_wlast"],
    "o_done__": ["o_done__payload"],
}
INPUTS = ["i_command", "i_data"]


def test_write() -> None:
    dma = WriteDma(width=WIDTH, burst=BURST, outstanding=OUTSTANDING)
    run_cocotb(Pinned(dma, {"bus": "m_axi"}), module=__name__)


def test_errors() -> None:
    with pytest.raises(
        ValueError, match=r"^WriteDma buffer must be at least the burst of 64 .*63$"
    ):
        WriteDma(width=512, buffer=63)
    with pytest.raises(ValueError, match=r"^WriteDma outstanding must be at least 1, not 0$"):
        WriteDma(width=512, outstanding=0)
    with pytest.raises(ValueError, match=r"^AXI4 burst must be a power of two .*, not 512$"):
        WriteDma(width=512, burst=512)


def command(address: int, beats: int) -> int:
    return address | beats << 40


def data(value: int, strobe: int = (1 << BYTES) - 1) -> int:
    return value | strobe << WIDTH


def store(memory: bytearray, address: int, value: int, strobe: int) -> None:
    for i in range(BYTES):
        if strobe >> i & 1:
            memory[address + i] = value >> 8 * i & 255


def check_bursts(requests: AxiAWMonitor, commands: list[tuple[int, int]]) -> None:
    covered = []
    while not requests.empty():
        aw = requests.recv_nowait()
        first, count = int(aw.awaddr), int(aw.awlen) + 1
        assert (int(aw.awsize), int(aw.awburst)) == (3, 1)
        assert count <= BURST
        assert first // 4096 == (first + count * BYTES - 1) // 4096, "crosses 4 KiB"
        covered += range(first, first + count * BYTES, BYTES)
    assert covered == [a + i * BYTES for a, n in commands for i in range(n)]


@cocotb.test()
async def fills_memory_under_stalls(dut):
    rng = random.Random(1)
    await start(dut, INPUTS, ["o_done"])
    cocotb.start_soon(check_held(dut, CHANNELS))
    bus = AxiWriteBus.from_prefix(dut, "m_axi0")
    ram = AxiRamWrite(bus, dut.clk, dut.rst, size=SIZE)
    requests = AxiAWMonitor(bus.aw, dut.clk, dut.rst)
    expected = bytearray(rng.randbytes(SIZE))
    ram.write(0, bytes(expected))
    for run, (memory, kernel, sink) in enumerate(
        [(0, 0, 0), (0.5, 0, 0), (0, 0.6, 0), (0, 0, 0.9), (0.3, 0.3, 0.3)]
    ):
        for i, channel in enumerate((ram.aw_channel, ram.w_channel, ram.b_channel)):
            channel.set_pause_generator(pauses(10 * run + i, memory))
        commands = [(4096 - BYTES, 2), (4096 - 3 * BYTES, 40), (8192, 1), (4096, 64)]
        for _ in range(10):
            beats = rng.choice([1, 1, 2, 3, rng.randint(1, 60)])
            commands.append((rng.randrange(SIZE // BYTES - beats) * BYTES, beats))
        beats = []
        for address, count in commands:
            for i in range(count):
                value = rng.getrandbits(WIDTH)
                strobe = rng.choice([0xFF, 0xFF, 0, rng.getrandbits(BYTES)])
                store(expected, address + i * BYTES, value, strobe)
                beats.append(data(value, strobe))
        words = [command(*c) for c in commands]
        cocotb.start_soon(send(dut, "i_command", words, pauses(run + 100, kernel)))
        cocotb.start_soon(send(dut, "i_data", beats, pauses(run + 200, kernel)))
        answers = await receive(dut, "o_done", len(commands), pauses(run + 300, sink))
        assert answers == [0] * len(commands)
        assert ram.read(0, SIZE) == expected
        check_bursts(requests, commands)
        await ClockCycles(dut.clk, 20)
        assert dut.o_done__valid.value == 0
        assert dut.stat_level.value == 0


@cocotb.test()
async def announces_only_what_it_has(dut):
    """No AW before the last beat of its burst, and then W without a gap."""
    await start(dut, INPUTS, ["o_done"])
    AxiRamWrite(AxiWriteBus.from_prefix(dut, "m_axi0"), dut.clk, dut.rst, size=SIZE)
    await send(dut, "i_command", [command(0, BURST)])
    await send(dut, "i_data", [data(i) for i in range(BURST - 1)])
    await ClockCycles(dut.clk, 20)
    assert dut.m_axi0_awvalid.value == 0
    assert dut.m_axi0_wvalid.value == 0
    cocotb.start_soon(send(dut, "i_data", [data(99)]))
    while dut.m_axi0_wvalid.value == 0:
        await RisingEdge(dut.clk)
    for i in range(BURST):
        assert dut.m_axi0_wvalid.value == 1
        while dut.m_axi0_wready.value == 0:
            await RisingEdge(dut.clk)
        assert dut.m_axi0_wlast.value == (i == BURST - 1)
        await RisingEdge(dut.clk)
    assert await receive(dut, "o_done", 1) == [0]


@cocotb.test()
async def keeps_one_beat_a_cycle(dut):
    await start(dut, INPUTS, ["o_done"])
    ram = AxiRamWrite(AxiWriteBus.from_prefix(dut, "m_axi0"), dut.clk, dut.rst, size=SIZE)
    lengths = [1000, 1, 15, 16, 480, *[1] * 60]
    total = sum(lengths)
    begin = get_sim_time("ns")
    places = [sum(lengths[:i]) * BYTES for i in range(len(lengths))]
    words = [command(p, n) for p, n in zip(places, lengths, strict=True)]
    cocotb.start_soon(send(dut, "i_command", words))
    cocotb.start_soon(send(dut, "i_data", [data(i) for i in range(total)]))
    await receive(dut, "o_done", len(lengths))
    cycles = (get_sim_time("ns") - begin) // 10
    dut._log.warning("%d beats in %d cycles", total, cycles)
    want = b"".join(i.to_bytes(BYTES, "little") for i in range(total))
    assert ram.read(0, total * BYTES) == want
    # the model answers one burst after the other: allow what it takes for the short ones
    assert cycles <= total + BURST + 40


@cocotb.test()
async def tells_which_command_failed(dut):
    await start(dut, INPUTS, ["o_done"])
    target = Faulty(SIZE, {2})
    AxiSlaveWrite(AxiWriteBus.from_prefix(dut, "m_axi0"), dut.clk, dut.rst, target)
    # the first burst of the second command fails, its second one does not
    commands = [(0, 3), (3 * 4096 - BYTES, 9), (64, 20), (8192, 1), (0, 1)]
    cocotb.start_soon(send(dut, "i_command", [command(*c) for c in commands]))
    cocotb.start_soon(send(dut, "i_data", [data(i) for i in range(34)]))
    assert await receive(dut, "o_done", 1) == [0]
    assert await receive(dut, "o_done", 4) == [1, 0, 1, 0]


@cocotb.test()
async def limits_the_bursts_under_way_and_resets(dut):
    await start(dut, INPUTS, ["o_done"])
    ram = AxiRamWrite(AxiWriteBus.from_prefix(dut, "m_axi0"), dut.clk, dut.rst, size=SIZE)
    ram.b_channel.pause = True
    command_task = cocotb.start_soon(send(dut, "i_command", [command(8 * i, 1) for i in range(9)]))
    data_task = cocotb.start_soon(send(dut, "i_data", [data(i) for i in range(20)]))
    await ClockCycles(dut.clk, 80)
    assert data_task.done()
    assert dut.stat_level.value == 20 - OUTSTANDING
    command_task.cancel()
    await reset(dut, INPUTS, ["o_done"])
    assert dut.stat_level.value == 0
    ram.b_channel.pause = False
    cocotb.start_soon(send(dut, "i_command", [command(256, 5)]))
    cocotb.start_soon(send(dut, "i_data", [data(100 + i) for i in range(5)]))
    assert await receive(dut, "o_done", 1) == [0]
    want = b"".join((100 + i).to_bytes(BYTES, "little") for i in range(5))
    assert ram.read(256, 5 * BYTES) == want
