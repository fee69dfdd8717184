# SPDX-License-Identifier: Apache-2.0
"""UART receiver: bytes of senders that are a little off, and nothing else from a bad line."""

from random import Random

import pytest
from amaranth.hdl import Assert, Module, Signal

from streamhw.peripherals.uart.receiver import UartReceiver
from streamhw.testing import prove_always
from tests.clocked import run_clocked


def levels(byte: int, *, stop: int = 1) -> list[int]:
    return [0, *(byte >> n & 1 for n in range(8)), stop]


def heard(bits: list[int], ratio: float, *, speed: float = 1.0, take: bool = True) -> list[object]:
    """Bytes and names of events in the order in which they come; ``speed``: of the sender."""
    dut = UartReceiver(clock=1e6 * ratio, baud=1e6)
    found: list[object] = []

    async def bench(ctx):
        ctx.set(dut.o.ready, take)
        cycles = int(len(bits) * ratio / speed)
        for cycle in range(cycles + int(15 * ratio)):
            at = int(cycle * speed / ratio)
            ctx.set(dut.rx, bits[at] if at < len(bits) else 1)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                found.append(ctx.get(dut.o.payload))
            for name in ("framing_error", "line_break", "overrun"):
                if ctx.get(getattr(dut, name)):
                    found.append(name)
            await ctx.tick()

    run_clocked(dut, bench)
    return found


def sent(data: bytes) -> list[int]:
    return [1, 1, *(level for byte in data for level in levels(byte))]


@pytest.mark.parametrize(
    ("ratio", "speed"), [(4, 1), (5.3, 1), (8, 0.98), (8, 1.02), (20.7, 0.965), (20.7, 1.035)]
)
def test_bytes_of_a_sender_that_is_a_little_off(ratio: float, speed: float) -> None:
    data = bytes([0, 255, 0x55, 0xAA]) + Random(2).randbytes(10)
    assert heard(sent(data), ratio, speed=speed) == list(data)


def test_a_glitch_is_no_start_bit() -> None:
    """Nor does a wrong sample change a bit."""
    ratio = 16
    line = [level for level in sent(b"\x5a") for _ in range(ratio)]
    for at in (4, 20):  # before the byte
        line[at : at + 5] = [0] * 5
    for bit in range(2, 12):  # in the middle of each
        line[bit * ratio + ratio // 2] ^= 1
    dut = UartReceiver(clock=16e6, baud=1e6)
    found = []

    async def bench(ctx):
        ctx.set(dut.o.ready, 1)
        for level in line + [1] * 40:
            ctx.set(dut.rx, level)
            if ctx.get(dut.o.valid):
                found.append(ctx.get(dut.o.payload))
            assert not ctx.get(dut.framing_error)
            await ctx.tick()

    run_clocked(dut, bench)
    assert found == [0x5A]


def test_framing_error_and_break() -> None:
    """The byte is lost, the next one behind a rest is not."""
    rest = [1] * 2
    wrong = levels(0x41, stop=0)
    broken = [0] * 37
    after = levels(0x42)
    assert heard([*rest, *wrong, *rest, *after], 8) == ["framing_error", 0x42]
    assert heard([*rest, *broken, *rest, *after], 8) == ["framing_error", "line_break", 0x42]


def test_a_byte_that_is_not_taken_is_kept() -> None:
    assert heard(sent(b"ab"), 8, take=False) == ["overrun"]


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_never_stuck(seed: int | None) -> None:
    """Whatever the line did, when it has rested for a byte, the next byte is taken, and no other.

    Without a seed all lines of 8 cycles; else random ones, in stretches, that are far longer.
    """
    wanted = 0xC5
    rng = Random(seed)
    if seed is None:
        noises = [[n >> bit & 1 for bit in range(8)] for n in range(256)]
    else:
        lengths = [[rng.randrange(1, 12) for _ in range(rng.randrange(2, 20))] for _ in range(60)]
        noises = [[n % 2 for n, length in enumerate(x) for _ in range(length)] for x in lengths]
    dut = UartReceiver(clock=4e6, baud=1e6)

    async def bench(ctx):
        ctx.set(dut.o.ready, 1)
        byte = [level for level in levels(wanted) for _ in range(4)]
        for noise in noises:
            found = []
            for cycle, level in enumerate([*noise, *[1] * 46, *byte, *[1] * 6]):
                ctx.set(dut.rx, level)
                if ctx.get(dut.o.valid) and cycle > len(noise) + 46:
                    found.append(ctx.get(dut.o.payload))
                await ctx.tick()
            assert found == [wanted], f"behind {noise}"

    run_clocked(dut, bench)


def test_a_line_that_rests_makes_it_idle() -> None:
    """For all lines, also with a reset at any time: within the time of a byte."""
    dut = UartReceiver(clock=4e6, baud=1e6)
    m = Module()
    m.submodules.dut = dut
    line = Signal()
    rests = Signal(range(64))  # cycles
    m.d.comb += [dut.rx.eq(line), dut.o.ready.eq(1)]
    with m.If(~line):
        m.d.sync += rests.eq(0)
    with m.Elif(rests != 44):
        m.d.sync += rests.eq(rests + 1)
    m.d.comb += Assert((rests != 44) | dut.idle)
    prove_always(m, ports=[line], covers=[~dut.idle & (rests == 36)], depth=86)
