# SPDX-License-Identifier: Apache-2.0
"""DMAs over a memory that is striped over several buses, each with delays and stalls of its own."""

import random
from functools import partial

import cocotb
import pytest
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiRamRead, AxiRamWrite, AxiReadBus, AxiWriteBus

from streamhw.stream.axi.read_dma import ReadDma
from streamhw.stream.axi.write_dma import WriteDma
from streamhw.testing import run_cocotb
from tests.stream.axi.support import Pinned, check_held, pauses, receive, reset, send, start

PART, STRIPES, BURST, BUFFER = 64, 4, 8, 32
WIDTH, BYTES = PART * STRIPES, PART // 8
SIZE = 1 << 13
BEGINS = tuple(n * SIZE for n in range(STRIPES))
CASES = {
    "reads": ReadDma,
    "few under way": partial(ReadDma, outstanding=2 * BURST - 1),
    "writes": WriteDma,
}


@pytest.mark.parametrize("case", CASES)
def test_striped(case: str) -> None:
    part = {"width": WIDTH, "burst": BURST, "begins": BEGINS, "buffer": BUFFER}
    dma = CASES[case](**part)
    run_cocotb(Pinned(dma, {"bus": "m_axi"}), module=__name__)


@pytest.mark.parametrize("dma", [ReadDma, WriteDma])
def test_errors(dma) -> None:
    with pytest.raises(ValueError, match=r"^Buses must be a power of two that divides 512 .* 3$"):
        dma(width=512, buffer=64, begins=(0, 1, 2))


def places(beat: int) -> list[tuple[int, int]]:
    """Bus, and address there, of each part of a memory beat."""
    return [(n, BEGINS[n] + beat * BYTES) for n in range(STRIPES)]


def commands(rng: random.Random) -> list[tuple[int, int]]:
    """Beats: the first and how many."""
    found = [(0, 1), (BURST - 1, 2), (3, 5 * BURST)]
    for _ in range(12):
        count = rng.choice([1, 2, 3, rng.randint(1, 60)])
        found.append((rng.randrange(SIZE // BYTES - count), count))
    return found


def encoded(first: int, count: int) -> int:
    return first * BYTES * STRIPES | count << 40


@cocotb.test()
async def moves_every_stripe(dut):
    if hasattr(dut, "m_axi0_arvalid"):
        await reads_every_stripe(dut)
    else:
        await writes_every_stripe(dut)


async def reads_every_stripe(dut):
    rng = random.Random(1)
    await start(dut, ["i_command"], ["o"])
    cocotb.start_soon(check_held(dut, {"o__": ["o__payload"]}))
    rams = []
    for n in range(STRIPES):
        bus = AxiReadBus.from_prefix(dut, f"m_axi{n}")
        rams.append(AxiRamRead(bus, dut.clk, dut.rst, size=SIZE * STRIPES))
        rams[n].write(BEGINS[n], rng.randbytes(SIZE))
    await reset(dut, ["i_command"], ["o"])  # the memories have driven nothing before
    for run, (memory, sink) in enumerate([(0, 0), (0.5, 0), (0, 0.6), (0.3, 0.3)]):
        for n, ram in enumerate(rams):
            # one bus after the other is much slower than the rest
            share = 0.7 if n == run else memory
            ram.ar_channel.set_pause_generator(pauses(10 * run + n, share))
            ram.r_channel.set_pause_generator(pauses(100 + 10 * run + n, share))
        asked = commands(rng)
        cocotb.start_soon(send(dut, "i_command", [encoded(*c) for c in asked]))
        beats = [first + i for first, count in asked for i in range(count)]
        expected = [
            int.from_bytes(b"".join(rams[n].read(a, BYTES) for n, a in places(beat)), "little")
            for beat in beats
        ]
        assert await receive(dut, "o", len(beats), pauses(200 + run, sink)) == expected
        await ClockCycles(dut.clk, 20)
        assert dut.o__valid.value == 0
        assert dut.stat_level.value == 0


async def writes_every_stripe(dut):
    rng = random.Random(2)
    await start(dut, ["i_command", "i_data"], ["o_done"])
    rams = [
        AxiRamWrite(
            AxiWriteBus.from_prefix(dut, f"m_axi{n}"), dut.clk, dut.rst, size=SIZE * STRIPES
        )
        for n in range(STRIPES)
    ]
    expected = [bytearray(SIZE * STRIPES) for _ in range(STRIPES)]
    for run, memory in enumerate((0, 0.5, 0.3)):
        for n, ram in enumerate(rams):
            share = 0.7 if n == run else memory
            for channel in (ram.aw_channel, ram.w_channel, ram.b_channel):
                channel.set_pause_generator(pauses(10 * run + n, share))
        asked = commands(rng)
        beats = []
        for first, count in asked:
            for beat in range(first, first + count):
                value, strobe = rng.randbytes(BYTES * STRIPES), rng.getrandbits(BYTES * STRIPES)
                beats.append(int.from_bytes(value, "little") | strobe << WIDTH)
                for n, address in places(beat):
                    for i in range(BYTES):
                        if strobe >> (n * BYTES + i) & 1:
                            expected[n][address + i] = value[n * BYTES + i]
        cocotb.start_soon(send(dut, "i_command", [encoded(*c) for c in asked]))
        cocotb.start_soon(send(dut, "i_data", beats, pauses(50 + run, memory)))
        assert await receive(dut, "o_done", len(asked), pauses(60 + run, memory)) == [0] * len(
            asked
        )
        for n, ram in enumerate(rams):
            assert bytes(ram.read(0, SIZE * STRIPES)) == bytes(expected[n])
