# SPDX-License-Identifier: Apache-2.0
"""ReadDma against cocotbext-axi: data, bursts, reservation, rate, errors, reset."""

import random

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiRamRead, AxiReadBus, AxiSlaveRead
from cocotbext.axi.axi_channels import AxiARMonitor

from streamhw.stream.axi.bursts import longest_burst
from streamhw.stream.axi.read_dma import ReadDma
from streamhw.testing import run_cocotb
from tests.stream.axi.support import (
    DistantMemory,
    Faulty,
    Pinned,
    check_held,
    pauses,
    receive,
    reset,
    send,
    start,
)

WIDTH, BURST, BUFFER = 64, 16, 80
BYTES = WIDTH // 8
SIZE = 1 << 16
CHANNELS = {
    "m_axi0_ar": ["m_axi0_araddr", "m_axi0_arlen", "m_axi0_arsize", "m_axi0_arburst"],
    "o__": ["o__payload"],
}


def test_read() -> None:
    dma = ReadDma(width=WIDTH, buffer=BUFFER, burst=BURST)
    run_cocotb(Pinned(dma, {"bus": "m_axi"}), module=__name__)


def test_burst_keeps_within_4_kib() -> None:
    assert longest_burst(512, 64) == 64
    assert longest_burst(1024, 256) == 32


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^ReadDma buffer must be at least the burst of 64 beats"):
        ReadDma(width=512, buffer=63)
    with pytest.raises(
        ValueError, match=r"^AXI4 burst must be a power of two from 1 to 256, not 3"
    ):
        ReadDma(width=512, buffer=63, burst=3)
    with pytest.raises(ValueError, match=r"^AXI4 data width must be a power of two .*, not 48$"):
        ReadDma(width=48, buffer=63)


def command(address: int, beats: int) -> int:
    return address | beats << 40


def random_commands(rng: random.Random, count: int) -> list[tuple[int, int]]:
    commands = [(4096 - BYTES, 2), (4096 - 3 * BYTES, 40), (8192, 1), (4096, 64)]
    for _ in range(count):
        beats = rng.choice([1, 1, 2, 3, rng.randint(1, 60)])
        commands.append((rng.randrange(SIZE // BYTES - beats) * BYTES, beats))
    return commands


def check_bursts(requests: AxiARMonitor, commands: list[tuple[int, int]]) -> None:
    """Every AR is legal, and together they cover the commands in order."""
    covered = []
    while not requests.empty():
        ar = requests.recv_nowait()
        first, count = int(ar.araddr), int(ar.arlen) + 1
        assert (int(ar.arsize), int(ar.arburst)) == (3, 1)
        assert count <= BURST
        assert first // 4096 == (first + count * BYTES - 1) // 4096, "crosses 4 KiB"
        covered += range(first, first + count * BYTES, BYTES)
    assert covered == [a + i * BYTES for a, n in commands for i in range(n)]


@cocotb.test()
async def returns_memory_under_stalls(dut):
    rng = random.Random(1)
    await start(dut, ["i_command"], ["o"])
    cocotb.start_soon(check_held(dut, CHANNELS))
    bus = AxiReadBus.from_prefix(dut, "m_axi0")
    ram = AxiRamRead(bus, dut.clk, dut.rst, size=SIZE)
    requests = AxiARMonitor(bus.ar, dut.clk, dut.rst)
    content = rng.randbytes(SIZE)
    ram.write(0, content)
    for run, (memory, sink) in enumerate([(0, 0), (0.5, 0), (0, 0.6), (0.3, 0.3)]):
        ram.ar_channel.set_pause_generator(pauses(run, memory))
        ram.r_channel.set_pause_generator(pauses(run + 10, memory))
        commands = random_commands(rng, 12)
        beats = [command(*c) for c in commands] + [command(64, 0)]
        cocotb.start_soon(send(dut, "i_command", beats, pauses(run + 20, memory)))
        expected = [
            int.from_bytes(content[a + i * BYTES : a + (i + 1) * BYTES], "little")
            for a, n in commands
            for i in range(n)
        ]
        got = await receive(dut, "o", len(expected), pauses(run + 30, sink))
        assert got == expected
        check_bursts(requests, commands)
        await ClockCycles(dut.clk, 20)
        assert dut.o__valid.value == 0
        assert dut.stat_level.value == 0


@cocotb.test()
async def never_makes_r_wait_and_fills_the_buffer(dut):
    await start(dut, ["i_command"], ["o"])
    words = list(range(4096))
    memory = DistantMemory(dut, "m_axi0", 10, words)
    refused = []

    async def watch():
        while True:
            await RisingEdge(dut.clk)
            if dut.m_axi0_rvalid.value == 1 and dut.m_axi0_rready.value != 1:
                refused.append(get_sim_time("ns"))

    cocotb.start_soon(watch())
    cocotb.start_soon(send(dut, "i_command", [command(0, 300)]))
    await ClockCycles(dut.clk, 300)
    assert dut.stat_level.value == BUFFER
    assert not memory.due
    assert await receive(dut, "o", 300, pauses(5, 0.2)) == words[:300]
    assert not refused


@cocotb.test()
async def keeps_one_beat_a_cycle(dut):
    """Latency is at the limit that the docstring states: 80 = 58 + 16 + 6."""
    await start(dut, ["i_command"], ["o"])
    latency = BUFFER - BURST - 6
    words = list(range(8192))
    memory = DistantMemory(dut, "m_axi0", latency, words)
    begin = get_sim_time("ns")
    lengths = [1000, 1, 15, 16, 500, *[BURST] * 20]
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    # aligned starts, so that commands do not end in short bursts
    commands = [(-(-s // BURST) * BURST * BYTES, n) for s, n in zip(starts, lengths, strict=True)]
    cocotb.start_soon(send(dut, "i_command", [command(*c) for c in commands]))
    got = await receive(dut, "o", sum(lengths))
    assert got == [a // BYTES + i for a, n in commands for i in range(n)]
    cycles = (get_sim_time("ns") - begin) // 10
    dut._log.warning("%d beats in %d cycles, latency %d", len(got), cycles, latency)
    assert cycles <= len(got) + latency + 16
    assert memory.outstanding >= latency // BURST


@cocotb.test()
async def short_bursts_start_each_cycle(dut):
    await start(dut, ["i_command"], ["o"])
    DistantMemory(dut, "m_axi0", 8, list(range(8192)))
    begin = get_sim_time("ns")
    places = random.Random(3).sample(range(8192), 200)
    cocotb.start_soon(send(dut, "i_command", [command(p * BYTES, 1) for p in places]))
    assert await receive(dut, "o", 200) == places
    cycles = (get_sim_time("ns") - begin) // 10
    assert cycles <= 200 + 8 + 16


@cocotb.test()
async def resets_with_bursts_under_way(dut):
    await start(dut, ["i_command"], ["o"])
    target = Faulty(SIZE, set())
    target.memory[:] = bytes(i * 7 % 251 for i in range(SIZE))
    slave = AxiSlaveRead(AxiReadBus.from_prefix(dut, "m_axi0"), dut.clk, dut.rst, target)
    slave.r_channel.set_pause_generator(pauses(4, 0.5))
    task = cocotb.start_soon(send(dut, "i_command", [command(0, 500)]))
    await receive(dut, "o", 30)
    await task
    await reset(dut, ["i_command"], ["o"])
    assert dut.stat_level.value == 0
    cocotb.start_soon(send(dut, "i_command", [command(128, 90)]))
    got = await receive(dut, "o", 90)
    want = target.memory[128 : 128 + 90 * BYTES]
    assert b"".join(x.to_bytes(BYTES, "little") for x in got) == bytes(want)
