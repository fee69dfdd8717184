# SPDX-License-Identifier: Apache-2.0
"""Parts of a board: what cannot be is refused in a sentence."""

from dataclasses import replace
from typing import Any

import pytest

from streamhw.boards.memory.sdram_part import IS42S16160G_7
from streamhw.boards.parts import BoardParts

PARTS = BoardParts(platform="some.module:Board", sdram=IS42S16160G_7)


def test_parts_compare_and_hash() -> None:
    assert replace(PARTS) == PARTS and len({PARTS, replace(PARTS)}) == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("platform", "some.module", "must be module:class, not 'some.module'"),
        ("platform", ":Board", "must be module:class, not ':Board'"),
        ("platform", 3, "must be a line of text, not 3"),
        ("sdram", None, "must be of type SdramPart, not None"),
        ("clock_ratio", 0, "must be a whole number from 1 to 4, not 0"),
        ("clock_ratio", 1.5, "must be a whole number from 1 to 4, not 1.5"),
        ("clock_degrees", 360, "must be a number of at least 0 and at most 359, not 360"),
        ("read_delay", 0, "must be a whole number of at least 1, not 0"),
        ("baud", 0, "must be a whole number of at least 1, not 0"),
        ("leds", -1, "must be a whole number of at least 0, not -1"),
    ],
)
def test_parts_that_cannot_be(name: str, value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(PARTS, **{name: value})
