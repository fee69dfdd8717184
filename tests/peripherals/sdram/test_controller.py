# SPDX-License-Identifier: Apache-2.0
"""SDRAM controller: AXI's rules on one side, the data sheet's on the other, content in between."""

from dataclasses import replace
from typing import Any

import pytest

from streamhw.boards.memory.sdram_part import AS4C16M16SA_7, IS42S16160G_7, MT48LC16M16A2_7E
from streamhw.peripherals.sdram.controller import SdramController
from tests.peripherals.sdram.traffic import (
    DECODE_ERROR,
    PART,
    SLAVE_ERROR,
    Burst,
    Master,
    run_controller,
)

END = PART.bytes // 16
"""The first beat beyond the memory."""

ROW, BANKS = 64, 4
"""Beats of a row."""


def anywhere(master: Master) -> tuple[bool, Burst]:
    """A burst near others of its time: in few rows of each bank, now and then beyond memory.

    What is under way is not touched by what may overtake it.
    """
    rng = master.rng
    while True:
        beats = rng.choice((1, 1, 2, 3, 8, 16))
        page = rng.choice((0, 1, 2, 3, 4, 7, 9, END // ROW - 1, END // ROW - 4))
        first = page * ROW + rng.choice((0, 8, ROW - beats, rng.randrange(ROW - 15)))
        burst = Burst(first, beats, rng.randrange(16))
        write = rng.random() < 0.5
        if rng.random() < 0.05:
            burst.address += END * rng.choice((1, 2, 1 << 14))
            burst.resp = DECODE_ERROR
        elif rng.random() < 0.03:
            burst.resp = SLAVE_ERROR
        others = master.reads if write else master.writes
        if not any(burst.touches(other) for other in others):
            return write, burst


async def quiet(ctx: Any, master: Master, cycles: int) -> None:
    for _ in range(cycles):
        await master.cycle(ctx)


@pytest.mark.parametrize("clocks", [(110.0, 110.0), (55.0, 110.0), (47.0, 133.0), (120.0, 60.0)])
@pytest.mark.parametrize("flow", [0.2, 1.0])
def test_random_bursts(clocks: tuple[float, float], flow: float, seed: int) -> None:
    async def play(ctx: Any, master: Master) -> None:
        master.partial = 0.4
        await master.until(ctx, lambda: master.beats_read + master.beats_written > 200)
        await master.finish(ctx)

    chip = run_controller(play, seed=seed, more=anywhere, flow=flow, clocks=clocks)
    assert 0 < chip.longest_gap <= PART.t_refi


@pytest.mark.parametrize(
    ("part", "clock", "read_delay"),
    [(AS4C16M16SA_7, 133.0, 2), (MT48LC16M16A2_7E, 100.0, 3), (IS42S16160G_7, 143.0, 1)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_other_parts_clocks_and_delays(part: Any, clock: float, read_delay: int, seed: int) -> None:
    async def play(ctx: Any, master: Master) -> None:
        await master.until(ctx, lambda: master.beats_read + master.beats_written > 100)
        await master.finish(ctx)

    part = replace(part, power_up=1000.0)
    clocks = (clock / 2, clock)
    run_controller(play, seed=seed, more=anywhere, clocks=clocks, read_delay=read_delay, part=part)


def test_nothing_is_taken_before_the_chip_is_up() -> None:
    """Nor lost: what is offered from the first cycle on is served then."""

    async def play(ctx: Any, master: Master) -> None:
        bus = master.bus
        master.ask(True, Burst(5, 1, 7))
        while "mode" not in master.chip.commands:
            assert not any(ctx.get(channel.ready) for channel in (bus.ar, bus.aw, bus.w))
            await master.cycle(ctx)
        assert master.cycles > 30 * 55
        await master.finish(ctx)
        assert master.beats_written == 1

    run_controller(play, part=replace(PART, power_up=30_000.0))


@pytest.mark.parametrize("first", ["aw", "w"])
def test_address_and_data_in_any_order(first: str) -> None:
    async def play(ctx: Any, master: Master) -> None:
        master.ask(True, Burst(100, 4, 1))
        late = "w" if first == "aw" else "aw"
        held, master.asks[late] = master.asks[late], type(master.asks[late])()
        await quiet(ctx, master, 60)
        assert master.writes, "no answer before address and data are there"
        # a write without its data stops no read
        master.ask(False, Burst(300, 2, 2))
        await master.until(ctx, lambda: not master.reads)
        master.asks[late].extend(held)
        await master.finish(ctx)
        master.ask(False, Burst(100, 4, 1))
        await master.finish(ctx)
        assert master.beats_read == 6

    run_controller(play)


def test_bytes_without_strobe_stay() -> None:
    async def play(ctx: Any, master: Master) -> None:
        master.ask(True, Burst(64, 16, 0))
        master.partial = 1.0
        for _ in range(3):
            master.ask(True, Burst(64, 16, 0))
        await master.finish(ctx)
        master.ask(False, Burst(64, 16, 0))
        await master.finish(ctx)

    run_controller(play)


def test_a_read_behind_an_answer_is_behind_the_write() -> None:
    async def play(ctx: Any, master: Master) -> None:
        for index in range(12):
            master.ask(True, Burst(7 + 64 * index, 1, index))
            await master.until(ctx, lambda: not master.writes)
            master.ask(False, Burst(7 + 64 * index, 1, index))
        await master.finish(ctx)

    run_controller(play)


@pytest.mark.parametrize("away", ["r", "b"])
def test_a_master_that_takes_no_answer_stops_only_its_direction(away: str) -> None:
    async def play(ctx: Any, master: Master) -> None:
        stopped, other = (True, False) if away == "b" else (False, True)
        master.takes[away] = False
        for index in range(20):
            master.ask(stopped, Burst(64 * index, 4, 1))
        await quiet(ctx, master, 1000)
        for index in range(20):
            master.ask(other, Burst(4096 + 64 * index, 4, 2))
        going, waiting = (master.reads, master.writes)[:: 1 if away == "b" else -1]
        await master.until(ctx, lambda: not going)
        assert len(waiting) == 20
        master.takes[away] = True
        await master.finish(ctx)

    run_controller(play)


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("address", "resp"),
    [(END, DECODE_ERROR), (1 << 35, DECODE_ERROR), (8, SLAVE_ERROR)],
    ids=["end", "far", "narrow"],
)
def test_faulty_bursts(write: bool, address: int, resp: int) -> None:
    """Answered in order with all their beats, between others; the chip sees nothing of them."""

    async def play(ctx: Any, master: Master) -> None:
        for index in range(6):
            master.ask(write, Burst(512 + index, 1, index))
            master.ask(write, Burst(address, 3, 15 - index, resp=resp))
        await master.finish(ctx)

    chip = run_controller(play)
    assert chip.commands["write" if write else "read"] == 6
    assert ("read" if write else "write") not in chip.commands


def test_the_longest_burst() -> None:
    async def play(ctx: Any, master: Master) -> None:
        for write in (True, False):
            master.ask(write, Burst(256, 256, 9))
            await master.until(ctx, lambda: not master.busy)

    chip = run_controller(play)
    assert chip.commands["read"] == chip.commands["write"] == 256


@pytest.mark.parametrize("clocks", [(110.0, 110.0), (55.0, 110.0)])
def test_writes_in_sequence(clocks: tuple[float, float]) -> None:
    """What refreshes leave of a word a cycle: rows are closed, refreshed, and one is opened."""
    at = [0]

    def sequence(master: Master) -> tuple[bool, Burst]:
        at[0] += 16
        return True, Burst(at[0] - 16, 16, 0)

    async def play(ctx: Any, master: Master) -> None:
        await master.until(ctx, lambda: master.beats_written > 64)
        begun, before = master.cycles, master.beats_written
        await master.until(ctx, lambda: master.beats_written >= before + 512)
        words = 8 * (master.beats_written - before)
        rate = words / (master.cycles - begun) * clocks[0] / clocks[1]
        times = PART.cycles(clocks[1])
        pause = times.rp + times.rfc + times.rcd + times.wr - 1
        assert rate == pytest.approx(1 - pause / (times.refi - 28), abs=0.01)
        assert rate > 0.95
        await master.finish(ctx)

    run_controller(play, more=sequence, clocks=clocks)


def test_a_reset_brings_the_chip_up_again() -> None:
    async def play(ctx: Any, master: Master) -> None:
        await master.until(ctx, lambda: master.beats_read > 20)
        await master.reset(ctx, 5)
        await master.until(ctx, lambda: master.beats_read > 60)
        await master.finish(ctx)

    chip = run_controller(play, more=anywhere)
    assert chip.commands["mode"] == 2


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^Clock of is42s16160g-7 must be at most 143 MHz, not 1"):
        SdramController(part=IS42S16160G_7, clock_mhz=150.0)
    with pytest.raises(ValueError, match=r"^DataPath read_delay must be at least 1 cycle, not 0$"):
        SdramController(part=IS42S16160G_7, clock_mhz=110.0, read_delay=0)
