# SPDX-License-Identifier: Apache-2.0
"""Commands of an engine: the contexts of each step, in order."""

import pytest

from streamhw.stream.control.engine_schedule import EngineSchedule
from streamhw.stream.control.step_layout import run_layout
from streamhw.testing import PATTERNS, run_streams
from tests.stream.control.steps import LAYOUT, bits, steps_of


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("body", "tail"),
    [((0, 1, 2), (3,)), ((1,), ()), ((2, 0), (1, 2, 3)), ((), (0,)), ((), (0, 1)), ((0,), ())],
)
def test_engine_schedule(pattern, body, tail):
    steps = steps_of(9)
    layout = run_layout(contexts=1 + max((*body, *tail)), tokens=3)
    expected = [
        bits(layout, {"context": c, "tokens": 1 if s["tail"] else s["tokens"]})
        for s in steps
        for c in (tail if s["tail"] else body)
    ]
    for source, sink in ((pattern, "always"), ("often", pattern)):
        got = run_streams(
            EngineSchedule(layout=LAYOUT, body=body, tail=tail, tokens=3),
            inputs={"i": [bits(LAYOUT, s) for s in steps]},
            outputs={"o": len(expected)},
            source=source,
            sink=sink,
        )
        assert got.beats["o"] == expected


def test_engine_schedule_errors():
    for body, tail in (((), ()), ((0, -1), ()), ((0,), (-2,))):
        with pytest.raises(ValueError, match=r"^EngineSchedule must have contexts, all at least"):
            EngineSchedule(layout=LAYOUT, body=body, tail=tail, tokens=3)
