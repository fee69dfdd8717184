# SPDX-License-Identifier: Apache-2.0
"""Figures of SDRAM and its controller: those that the controller has when it is simulated."""

from dataclasses import replace
from typing import Any

import pytest

from streamhw.boards.base import MemoryPort
from streamhw.boards.memory import sdram
from streamhw.boards.memory.recorded import recorded
from streamhw.boards.memory.sdram import SdramMemory
from streamhw.boards.memory.sdram_part import AS4C16M16SA_7, IS42S16160G_7, SdramPart
from streamhw.boards.memory.system import MemorySystem
from streamhw.peripherals.sdram import controller, sequencer, turns
from tests.peripherals.sdram.traffic import Burst, Master, run_controller

CLOCKS = [(55.0, 110.0), (110.0, 110.0), (50.0, 133.0)]
PORT = MemoryPort(name="mem0", width=128, beats_per_cycle=1, latency=1)


def soon(part: SdramPart) -> SdramPart:
    """The part with a power-up time that a simulation can wait for."""
    return replace(part, power_up=1000.0)


@pytest.mark.parametrize("part", [IS42S16160G_7, AS4C16M16SA_7], ids=lambda part: part.name)
@pytest.mark.parametrize("clocks", CLOCKS)
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_latency(write: bool, clocks: tuple[float, float], part: SdramPart) -> None:
    """Of one beat in an open row; mean over the phases of clocks and refreshes."""
    found: list[int] = []

    async def play(ctx: Any, master: Master) -> None:
        waiting = master.writes if write else master.reads
        master.ask(write, Burst(0, 1, 0))
        await master.until(ctx, lambda: not waiting)
        for index in range(30):
            for _ in range(master.rng.randrange(30, 50)):
                await master.cycle(ctx)
            master.ask(write, Burst(index, 1, 0))
            await master.cycle(ctx)  # in which the address, and the data of a write, are taken
            asked = master.cycles
            await master.until(ctx, lambda: not waiting)
            found.append(master.cycles - asked)

    run_controller(play, clocks=clocks, part=soon(part))
    memory = SdramMemory.of(part, clock_mhz=clocks[1], design_mhz=clocks[0])
    says = memory.write_latency if write else memory.latency
    refreshed = memory.pause**2 / (2 * memory.t_refi)  # the wait for a refresh, on average
    measured = sum(found) / len(found) * 1e3 / clocks[0]
    assert measured == pytest.approx(says + (0 if write else refreshed), rel=0.05)


@pytest.mark.parametrize(
    ("part", "clocks"),
    [(IS42S16160G_7, CLOCKS[0]), (IS42S16160G_7, CLOCKS[2]), (AS4C16M16SA_7, (50.0, 100.0))],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_rate_of_reads_in_sequence(clocks: tuple[float, float], part: SdramPart) -> None:
    """From one refresh to another some later: so many beats in so many cycles."""
    at = [0]

    def sequence(master: Master) -> tuple[bool, Burst]:
        at[0] += 16
        return False, Burst(at[0] - 16, 16, 0)

    async def play(ctx: Any, master: Master) -> None:
        async def refresh() -> None:
            count = master.chip.commands.get("refresh", 0)
            await master.until(ctx, lambda: master.chip.commands["refresh"] > count)

        await master.until(ctx, lambda: master.beats_read > 32)
        await refresh()
        begun, before = master.cycles, master.beats_read
        for _ in range(2):
            await refresh()
        rate = (master.beats_read - before) / (master.cycles - begun)
        memory = SdramMemory.of(part, clock_mhz=clocks[1], design_mhz=clocks[0])
        times = memory.times(PORT, 1, clocks[0])
        assert rate == pytest.approx(times.rate, rel=0.01)
        peak = memory.peak(16, clocks[0]) / 16
        assert rate > 0.95 * peak * memory.sustained
        await master.finish(ctx)

    run_controller(play, more=sequence, clocks=clocks, part=soon(part))


def test_numbers_of_the_controller() -> None:
    assert (sdram.BURST, sdram.TURN) == (sequencer.BURST, sequencer.TURN)
    assert (sdram.GROUP, sdram.AHEAD) == (turns.GROUP, controller.ACCESSES)


def test_a_memory_system() -> None:
    memory = SdramMemory.of(IS42S16160G_7, clock_mhz=110.0, design_mhz=55.0)
    assert isinstance(memory, MemorySystem) and memory.name == "is42s16160g-7"
    assert memory.bandwidth == pytest.approx(0.22) and memory.peak(16, 55.0) == pytest.approx(4.0)
    # reads and writes alternate every 8 and 11 cycles: 3 without words
    assert memory.turn * 0.11 == pytest.approx(3)
    assert memory.sustained == pytest.approx(1 - 11 / 859)
    kept = recorded(memory, PORT, 1, 55.0)
    assert kept.times(PORT, 1, 55.0) == memory.times(PORT, 1, 55.0)
    assert kept == memory


def test_a_late_capture_is_later_by_its_cycles() -> None:
    early, late = (
        SdramMemory.of(IS42S16160G_7, clock_mhz=100.0, design_mhz=50.0, read_delay=delay)
        for delay in (1, 3)
    )
    assert late.latency - early.latency == pytest.approx(20.0)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^Clock of is42s16160g-7 must be at most 143 MHz"):
        SdramMemory.of(IS42S16160G_7, clock_mhz=200.0, design_mhz=50.0)
    with pytest.raises(ValueError, match=r"^Clock of the design must be a number above 0, not 0$"):
        SdramMemory.of(IS42S16160G_7, clock_mhz=100.0, design_mhz=0)
    with pytest.raises(ValueError, match=r"^SDRAM read_delay must be a whole number of at least 1"):
        SdramMemory.of(IS42S16160G_7, clock_mhz=100.0, design_mhz=50.0, read_delay=0)
