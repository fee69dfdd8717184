# SPDX-License-Identifier: Apache-2.0
"""SDRAM chips: sizes, times in cycles that keep those in nanoseconds, and what is refused."""

from dataclasses import fields, replace

import pytest

from streamhw.boards.base import load_board
from streamhw.boards.memory.sdram_part import (
    AS4C16M16SA_7,
    IS42S16160G_7,
    MT48LC16M16A2_7E,
    SdramCycles,
)

PARTS = (IS42S16160G_7, MT48LC16M16A2_7E, AS4C16M16SA_7)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_parts_of_a_ulx3s(part) -> None:
    assert part.bytes == load_board("ulx3s").memory_bytes == part.rows * 4 * part.row_bytes
    assert part.row_bytes == 1024
    assert part.rows * part.t_refi <= 64e6  # all rows within 64 ms


@pytest.mark.parametrize("clock", [48.0, 100.0, 110.0, 133.0, 143.0])
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_cycles_keep_the_times(part, clock: float) -> None:
    cycles = part.cycles(clock)
    period = 1e3 / clock
    for field in fields(SdramCycles):
        count = getattr(cycles, field.name)
        time = getattr(part, "power_up" if field.name == "power_up" else f"t_{field.name}", None)
        if field.name == "refi":
            assert count * period <= part.t_refi + 1e-9 < (count + 1) * period
        elif time is not None:
            least = 2 if field.name == "mrd" else 1
            assert count * period >= time - 1e-9
            assert count == least or (count - 1) * period < time
    assert (cycles.cas, cycles.refreshes) == (part.cas_latency(clock), part.refreshes)


def test_the_last_bit_of_a_float_adds_no_cycle() -> None:
    part = replace(IS42S16160G_7, cas=((2, 400.0),))
    for clock, cycles in ((100.0, 2), (200.0, 3), (400.0, 6), (1e3 / 15, 1), (1e3 / 7.5, 2)):
        assert part.cycles(clock).rcd == cycles


def test_cas_latency_by_clock() -> None:
    assert [AS4C16M16SA_7.cas_latency(clock) for clock in (50.0, 100.0, 100.1, 143.0)] == [
        2,
        2,
        3,
        3,
    ]


def test_errors() -> None:
    for wrong, message in (
        ({"t_rcd": 0}, "SDRAM t_rcd must be a number above 0, not 0"),
        ({"rows": 5000}, "SDRAM rows must be a power of two, not 5000"),
        ({"columns": 2048}, "SDRAM columns must be a whole number from 16 to 1,024, not 2048"),
        ({"refreshes": 1}, "SDRAM refreshes must be a whole number of at least 2, not 1"),
        ({"cas": ()}, r"SDRAM cas must be of 2 and 3, with rising clocks, not \(\)"),
        ({"cas": ((3, 143.0), (2, 100.0))}, "SDRAM cas must be of 2 and 3, with rising clocks"),
        ({"cas": ((2, 143.0), (3, 100.0))}, "SDRAM cas must be of 2 and 3, with rising clocks"),
        ({"cas": ((4, 200.0),)}, "SDRAM cas must be of 2 and 3, with rising clocks"),
        ({"name": ""}, "Name of an SDRAM must be a line of text, not ''"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            replace(IS42S16160G_7, **wrong)
    with pytest.raises(
        ValueError, match=r"^Clock of is42s16160g-7 must be at most 143 MHz, not 144$"
    ):
        IS42S16160G_7.cycles(144.0)
    with pytest.raises(ValueError, match=r"^Clock of is42s16160g-7 must leave time for refreshes"):
        IS42S16160G_7.cycles(0.2)
