# SPDX-License-Identifier: Apache-2.0
"""CommandSequencer: bounded proofs of the chip's rules, and the cycles in which commands come."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Value

from streamhw.boards.memory.sdram_part import AS4C16M16SA_7, IS42S16160G_7, SdramCycles
from streamhw.peripherals.sdram.pins import ALL_BANKS, SdramCommand
from streamhw.peripherals.sdram.sequencer import (
    LOOKUP,
    CommandSequencer,
    access_layout,
    mode_register,
    refresh_lateness,
)
from streamhw.testing import ProofError
from tests.clocked import run_clocked
from tests.peripherals.sdram.rules import prove_sequencer

SMALL = SdramCycles(
    cas=2, rcd=2, rp=1, ras=5, rc=7, rfc=3, wr=1, rrd=2, mrd=2, refi=48, power_up=1, refreshes=2
)
"""Times with refreshes close to each other: a proof sees several accesses and one refresh."""

READ, WRITE, OPEN, CLOSE = (
    SdramCommand.READ, SdramCommand.WRITE, SdramCommand.ACTIVATE, SdramCommand.PRECHARGE,
)  # fmt: skip


def test_the_rules_hold() -> None:
    prove_sequencer(SMALL, SMALL, depth=40)


@pytest.mark.slow
@pytest.mark.parametrize(
    "cycles",
    [SMALL, replace(SMALL, cas=3, rcd=3, rp=3, wr=2, rrd=3, mrd=3, refi=64)],
    ids=["fast", "slow"],
)
def test_the_rules_hold_over_refreshes(cycles: SdramCycles) -> None:
    """So long that the second refresh of the rhythm, at its latest, is seen."""
    prove_sequencer(cycles, cycles, depth=76)


@pytest.mark.parametrize(
    "stricter",
    [
        *({"rcd": 3}, {"rp": 2}, {"wr": 2}, {"rfc": 4}, {"mrd": 5}, {"cas": 3}),
        # what the course of states keeps by itself, and no cycle more
        *({"ras": 11}, {"rc": 12}, {"rrd": 8}, {"refi": 18}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_stricter_rules_do_not(stricter: dict[str, int]) -> None:
    with pytest.raises(ProofError, match="an assertion fails"):
        prove_sequencer(SMALL, replace(SMALL, **stricter), depth=40)


def commands_of(
    cycles: SdramCycles, accesses: list[tuple[int, int, int, int]]
) -> list[tuple[int, SdramCommand, int, int]]:
    """Cycle, command, bank and address of all that is told; accesses: bank, row, column, write."""
    dut = CommandSequencer(cycles=cycles, row_bits=13, column_bits=9)
    layout = access_layout(row_bits=13, column_bits=9)
    told = []

    async def bench(ctx: Any) -> None:
        left = list(accesses)
        idle = 0
        for cycle in range(4000):
            ctx.set(dut.access.valid, bool(left))
            if left:
                bank, row, column, write = left[0]
                fields = {"bank": bank, "row": row, "column": column, "write": write}
                ctx.set(Value.cast(dut.access.p), layout.const(fields).as_value().value)
            code = ctx.get(dut.command.code)
            if code != SdramCommand.NOTHING:
                where = ctx.get(dut.command.bank), ctx.get(dut.command.address)
                told.append((cycle, SdramCommand(code), *where))
            if ctx.get(dut.access.ready):
                left.pop(0)
            idle = 0 if left else idle + 1
            if idle > 5:
                return
            await ctx.tick()
        raise AssertionError("all accesses must be taken")

    run_clocked(dut, bench)
    return told


TIMES = replace(IS42S16160G_7.cycles(110.0), power_up=50)


def test_power_up() -> None:
    """Not before its time; then all rows closed, refreshes, the mode, and the first row."""
    told = commands_of(TIMES, [(1, 77, 3, 0)])
    codes = [code for _, code, _, _ in told]
    refreshes = [SdramCommand.REFRESH] * TIMES.refreshes
    assert codes == [CLOSE, *refreshes, SdramCommand.MODE, OPEN, READ]
    assert told[0][0] > 50 and told[0][3] & ALL_BANKS
    assert told[9][2:] == (0, mode_register(2)) == (0, 0x23)
    assert told[10][2:] == (1, 77) and told[11][2:] == (1, 3 << 3)


@pytest.mark.parametrize("write", [0, 1])
def test_a_row_is_opened_while_words_of_another_bank_pass(write: int) -> None:
    """Accesses every 8 cycles, also to a bank in which another row is open."""
    first = [(bank, 5, 63, write) for bank in range(4)]
    second = [(bank, 6, column, write) for bank in range(2) for column in (0, 1)]
    told = commands_of(TIMES, first + second)[10:]
    access = WRITE if write else READ
    cycles = [cycle for cycle, code, _, _ in told if code is access]
    assert [b - a for a, b in itertools.pairwise(cycles)] == [8] * 7
    codes = [code for _, code, _, _ in told]
    assert codes == [OPEN, access] * 4 + [CLOSE, OPEN, access, access] * 2


def test_turns_of_the_bus() -> None:
    told = commands_of(TIMES, [(0, 0, column, column & 1) for column in range(6)])
    cycles = [cycle for cycle, code, _, _ in told if code in (READ, WRITE)]
    # a write waits for the last word of the read, and a cycle more; a read follows at once
    gaps = [b - a for a, b in itertools.pairwise(cycles)]
    assert gaps == [11, 8, 11, 8, 11]


@pytest.mark.parametrize(("write", "gap"), [(0, 8 + 2 + 2), (1, 9 + 2 + 2)])
def test_another_row_of_the_bank(write: int, gap: int) -> None:
    told = commands_of(TIMES, [(2, 1, 0, write), (2, 2, 0, write)])
    cycles = [cycle for cycle, code, _, _ in told if code in (READ, WRITE)]
    assert cycles[1] - cycles[0] == gap


def test_all_parts_and_clocks() -> None:
    for part in (IS42S16160G_7, AS4C16M16SA_7):
        for clock in (25.0, 50.0, 100.0, 110.0, 133.0, 143.0):
            cycles = part.cycles(clock)
            CommandSequencer(cycles=cycles, row_bits=13, column_bits=9)
            assert refresh_lateness(cycles) < cycles.refi / 4


def test_errors() -> None:
    for wrong, message in (
        ({"ras": 11}, "CommandSequencer needs ras within 10 cycles, not 11"),
        ({"rc": 13}, "CommandSequencer needs rc within 12 cycles, not 13"),
        ({"rrd": 7}, "CommandSequencer needs rrd within 6 cycles, not 7"),
        ({"wr": 6}, f"CommandSequencer needs wr within {8 + LOOKUP} cycles, not 13"),
        ({"refi": 55}, "CommandSequencer needs refreshes at least 56 cycles apart, not 55"),
    ):
        with pytest.raises(ValueError, match=f"^{message}$"):
            CommandSequencer(cycles=replace(TIMES, **wrong), row_bits=13, column_bits=9)
