# SPDX-License-Identifier: Apache-2.0
"""Parts of a board for Vivado: the design's clock, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from streamhw.boards.arty_a7_100t import BOARD, PARTS


def test_the_design_has_the_clock_of_the_controller() -> None:
    assert BOARD.clock_mhz == PARTS.clock_mhz == pytest.approx(81.25, abs=0.01)
    assert BOARD.memory_bytes == PARTS.bytes == 1 << (28)
    address = PARTS.row_bits + PARTS.column_bits + PARTS.bank_bits
    assert 2 << address == PARTS.bytes, "of two bytes an address"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("platform", "some.module", "must be module:class, not 'some.module'"),
        ("memory", "", "must be a line of text, not ''"),
        ("bytes", 0, "must be a whole number of at least 1, not 0"),
        ("voltage", 0, "must be a number above 0, not 0"),
        ("ratio", -1, "must be a number above 0, not -1"),
        ("period_ps", 0.5, "must be a whole number of at least 1, not 0.5"),
        ("timing", (("", 1.0),), "Time of Vivado parts must be a line of text"),
        ("timing", (("trp", -1.0),), "Time trp of Vivado parts must be a number above 0"),
        ("leds", -1, "must be a whole number of at least 0, not -1"),
    ],
)
def test_parts_that_cannot_be(name: str, value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(PARTS, **{name: value})


def test_boards_take_no_other_parts() -> None:
    with pytest.raises(ValueError, match="arty_a7_100t: vivado must be of type VivadoParts"):
        replace(BOARD, vivado="parts")
