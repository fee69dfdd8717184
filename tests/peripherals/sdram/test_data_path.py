# SPDX-License-Identifier: Apache-2.0
"""Data path: words of a write with its command, those of a read when they are due."""

from typing import Any

import pytest

from streamhw.peripherals.sdram.data_path import DataPath
from streamhw.peripherals.sdram.pins import SdramCommand
from tests.clocked import run_clocked

WORDS = [0x1100 + 7 * index for index in range(8)]
BEAT = sum(word << 16 * index for index, word in enumerate(WORDS))
STROBE = 0b10_11_00_01_11_11_10_00
"""Two bits for each word, the lowest for the first."""


def test_commands_are_at_the_pins_in_the_next_cycle() -> None:
    dut = DataPath(cas=2, read_delay=1)

    async def bench(ctx: Any) -> None:
        pins = dut.pins
        assert not ctx.get(pins.cke)
        for code in SdramCommand:
            ctx.set(dut.command, {"code": code, "bank": code % 4, "address": 0x1555 - code})
            await ctx.tick()
            assert ctx.get(pins.cke) and not ctx.get(pins.cs_n)
            lines = ctx.get(pins.ras_n) << 2 | ctx.get(pins.cas_n) << 1 | ctx.get(pins.we_n)
            assert lines == code
            assert (ctx.get(pins.ba), ctx.get(pins.a)) == (code % 4, 0x1555 - code)

    run_clocked(dut, bench)


def test_words_and_masks_of_two_writes() -> None:
    """One after the other without a gap; then the pins are not driven, and mask nothing."""
    dut = DataPath(cas=2, read_delay=1)

    async def bench(ctx: Any) -> None:
        pins = dut.pins
        ctx.set(dut.awake, 1)
        await ctx.tick().repeat(10)
        for cycle in range(20):
            ctx.set(dut.write, cycle in (0, 8))
            flip = 0 if cycle == 0 else 0xFFFF
            if cycle in (0, 8):
                ctx.set(dut.beat, {"data": BEAT, "strobe": STROBE ^ flip})
            await ctx.tick()
            index, flip = cycle % 8, 0 if cycle < 8 else 0b11
            if cycle < 16:
                assert ctx.get(pins.dq.oe) and ctx.get(pins.dq.o) == WORDS[index]
                assert ctx.get(pins.dqm) == ~((STROBE >> 2 * index & 3) ^ flip) & 3
            else:
                assert not ctx.get(pins.dq.oe) and ctx.get(pins.dqm) == 0

    run_clocked(dut, bench)


def test_masked_until_the_chip_is_up() -> None:
    dut = DataPath(cas=2, read_delay=1)

    async def bench(ctx: Any) -> None:
        for _ in range(20):
            assert ctx.get(dut.pins.dqm) == 0b11
            await ctx.tick()
        ctx.set(dut.awake, 1)
        await ctx.tick().repeat(8)
        assert ctx.get(dut.pins.dqm) == 0

    run_clocked(dut, bench)


@pytest.mark.parametrize(("cas", "read_delay"), [(2, 1), (2, 3), (3, 1), (3, 2)])
def test_reads_without_a_gap(cas: int, read_delay: int) -> None:
    dut = DataPath(cas=cas, read_delay=read_delay)
    arrived = {}

    async def bench(ctx: Any) -> None:
        # on the pins in the cycle after ``read``; captured that many cycles later
        first = 1 + cas + read_delay - 1
        for cycle in range(40):
            ctx.set(dut.read, cycle in (0, 8))
            passed = cycle - first
            valid = 0 <= passed < 16
            word = WORDS[passed % 8] ^ (0xFF if passed >= 8 else 0)
            ctx.set(dut.pins.dq.i, word if valid else 0xDEAD)
            if ctx.get(dut.arrived):
                arrived[cycle] = ctx.get(dut.words)
            await ctx.tick()

    run_clocked(dut, bench)
    due = cas + read_delay + 8
    assert arrived == {due: BEAT, due + 8: BEAT ^ int("00ff" * 8, 16)}


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^DataPath read_delay must be at least 1 cycle, not 0$"):
        DataPath(cas=2, read_delay=0)
