# SPDX-License-Identifier: Apache-2.0
"""Numbers and names of a board that cannot be are refused where the board is made."""

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from streamhw.boards.base import Budget, Die, load_board
from streamhw.boards.memory.ideal import IDEAL
from streamhw.boards.memory.times import MemoryTimes
from streamhw.number_checks import check_number, check_text, check_whole

SIM = load_board("sim")
PORT, TARGET, BUDGET = SIM.ports[0], SIM.target, SIM.budget


@pytest.mark.parametrize("value", [0, 9, 4.0, "4", None, True, math.nan])
def test_whole_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^X must be a whole number from 1 to 8, not "):
        check_whole("X", value, least=1, most=8)


@pytest.mark.parametrize("value", [0, -1.0, 1.5, "1", None, True, math.nan, math.inf, 10**400])
def test_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^X must be a number above 0 and at most 1, not "):
        check_number("X", value, most=1)


def test_numbers_of_other_libraries() -> None:
    check_whole("X", np.int64(3), least=1)
    for value in (np.float32(0.5), Fraction(1, 2), 1):
        check_number("X", value, most=1)
    check_number("X", 0, zero=True)


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\0", 5, None])
def test_texts(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^X must be a line of text, not "):
        check_text("X", value)


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        (SIM, {"clock_mhz": 0.0}, "Board sim: clock_mhz must be a number above 0, not 0.0"),
        (SIM, {"clock_mhz": "fast"}, "clock_mhz must be a number above 0, not 'fast'"),
        (SIM, {"memory_bytes": math.nan}, "memory_bytes must be a whole number of at least 1"),
        (SIM, {"name": "a\nb"}, "Name of a board must be a line of text"),
        (SIM, {"family": "ECP5"}, "family must be of type Family, not 'ECP5'"),
        (SIM, {"ports": None}, "ports must be a tuple of MemoryPort, not None"),
        (SIM, {"ports": ("mem0",)}, "ports must be of type MemoryPort, not 'mem0'"),
        (SIM, {"ports": ()}, "must have at least one memory port"),
        (SIM, {"ports": (PORT, PORT)}, "must have memory ports of different names"),
        (SIM, {"ports": (replace(PORT, width=16),)}, "must have beats of at least 32 bits, not 16"),
        (SIM, {"budget": None}, "budget must be of type Budget, not None"),
        (SIM, {"die_wires": -1}, "die_wires must be a whole number of at least 0, not -1"),
        (BUDGET, {"luts": -1}, "Budget luts must be a whole number of at least 0, not -1"),
        (BUDGET, {"ultra_ram": math.nan}, "Budget ultra_ram must be a whole number"),
        (PORT, {"name": "a b"}, "must have a name of letters, digits and _, not 'a b'"),
        (PORT, {"width": 48}, "width must be a power of two, not 48"),
        (PORT, {"width": 2048}, "width must be a whole number from 8 to 1,024, not 2048"),
        (PORT, {"beats_per_cycle": 2.0}, "beats_per_cycle must be a number of at least 1e-06 and"),
        (PORT, {"latency": -1}, "latency must be a whole number from 1 to 65,536, not -1"),
        (PORT, {"address": 32}, "must be a multiple of the 64 bytes of a beat, not 0x20"),
        (TARGET, {"lanes": -2}, "Target lanes must be a whole number of at least 1, not -2"),
        (TARGET, {"fabric_lanes": 2}, "fabric_lanes must be a whole number from 0 to 1, not 2"),
        (TARGET, {"die_fill": 2}, "die_fill must be a number above 0 and at most 1, not 2"),
        (Die(name="a", budget=BUDGET), {"memory": "x"}, "Memory of die a must be of type bool"),
        (MemoryTimes(rate=1), {"rate": math.nan}, "Rate of a memory must be a number above 0"),
        (MemoryTimes(rate=1), {"pause": -1}, "Memory pause must be a number of at least 0"),
    ],
)
def test_what_a_board_cannot_have(part: Any, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        replace(part, **change)


def test_an_empty_budget_is_one() -> None:
    assert Budget(luts=0, ffs=0, dsps=0, block_ram=0).ultra_ram == 0


def test_a_slow_port_has_the_bandwidth_that_it_says() -> None:
    for rate in (1.0, 0.125, 1 / 64, 0.004, 1e-6):
        found = IDEAL.channel(replace(PORT, beats_per_cycle=rate), 250.0)
        assert float(found.bandwidth) == pytest.approx(rate, rel=0.01)
