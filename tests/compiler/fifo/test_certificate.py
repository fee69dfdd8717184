# SPDX-License-Identifier: Apache-2.0
"""Certificates that lie are found."""

from dataclasses import replace
from typing import Any

import pytest

from streamhw.compiler.fifo import (
    LAST,
    Event,
    Side,
    size_fifos,
    verify,
)
from streamhw.errors import InternalError
from tests.compiler.fifo.programs import lines


def test_a_certificate_that_lies_is_found() -> None:
    program = lines([("0", "1", 7, 8), ("1", "2", 9, 8), ("0", "2", 7, 8)])
    (honest,) = size_fifos([program]).certificates
    verify(honest)
    last = Event("1", Side.INPUT, LAST)
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        (
            {"depth": {**honest.depth, "0_2_2": 10}},
            r"^Stream 0_2_2 must have 11 beats at , not 10$",
        ),
        (
            {"time": {e: t - 2 * (e.owner == "1") for e, t in honest.time.items()}},
            r"^Beat 0 of 0_1_0 must be read after cycle 6, not at 5$",
        ),
        (
            {"time": {**honest.time, last: honest.time[last] + 5}},
            r"^Schedule must keep - 1 1\.i\.last \+ 1 1\.i\.first >= -15 \(pace\), not -20$",
        ),
    )
    for change, says in changes:
        with pytest.raises(InternalError, match=says):
            verify(replace(honest, **change))
