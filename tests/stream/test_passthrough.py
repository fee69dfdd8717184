# SPDX-License-Identifier: Apache-2.0
"""A stream that is passed on."""

import pytest

from streamhw.stream.passthrough import Passthrough
from streamhw.testing import PATTERNS, run_streams


@pytest.mark.parametrize("pattern", PATTERNS)
def test_beats_leave_in_the_cycle_in_which_they_come(pattern: str) -> None:
    beats = list(range(30))
    run = run_streams(
        Passthrough(width=8),
        inputs={"i": beats},
        outputs={"o": 30},
        source=pattern,
        sink="often",
        registered=False,
    )
    assert run.beats["o"] == beats
    assert run.cycles["o"] == run.cycles["i"]
