# SPDX-License-Identifier: Apache-2.0
"""Every consumer gets its steps, and of them its fields."""

import pytest

from streamhw.stream.control.scope import Scope
from streamhw.stream.control.step_broadcast import StepBroadcast, StepConsumer
from streamhw.stream.control.step_layout import loop_layout, span_layout
from streamhw.testing import PATTERNS, run_streams
from tests.stream.control.steps import LAYOUT, bits, steps_of


@pytest.mark.parametrize("pattern", PATTERNS)
def test_fanout(pattern):
    consumers = (
        StepConsumer(name="all"),
        StepConsumer(name="length", scope=Scope.BODY, fields=("tokens", "position"), depth=3),
        StepConsumer(name="count", scope=Scope.TAIL, fields=("position",)),
        StepConsumer(name="tail", fields=("tail",), depth=1),
        StepConsumer(name="loop", scope=Scope.BODY, fields=("head", "tokens", "layer")),
    )
    steps = steps_of(5)
    body = [s for s in steps if not s["tail"]]
    span = span_layout(tokens=3, context=20)
    ends = loop_layout(tokens=3, layers=2)
    expected = {
        "o_all": [bits(LAYOUT, s) for s in steps],
        "o_length": [bits(span, {n: s[n] for n in ("tokens", "position")}) for s in body],
        "o_count": [s["position"] for s in steps if s["tail"]],
        "o_tail": [s["tail"] for s in steps],
        "o_loop": [bits(ends, {n: s[n] for n in ("head", "tokens", "layer")}) for s in body],
    }
    for stalled in (*expected, None):
        got = run_streams(
            StepBroadcast(layout=LAYOUT, consumers=consumers),
            inputs={"i": expected["o_all"]},
            outputs={name: len(beats) for name, beats in expected.items()},
            source="often",
            sink=pattern if stalled is None else {stalled: pattern},
        )
        assert {name: got.beats[name] for name in expected} == expected


def test_a_late_consumer_stops_the_others_after_its_depth():
    consumers = (StepConsumer(name="a", depth=4), StepConsumer(name="b"))
    steps = [bits(LAYOUT, s) for s in steps_of(1)]
    got = run_streams(
        StepBroadcast(layout=LAYOUT, consumers=consumers),
        inputs={"i": steps},
        outputs={"o_a": len(steps), "o_b": len(steps)},
        sink={"o_a": "late"},
    )
    assert got.cycles["o_b"][:4] == [1, 2, 3, 4]
    assert got.cycles["o_b"][4] > 40


def test_fanout_errors():
    with pytest.raises(ValueError, match=r"^StepFanout consumers must have different names"):
        StepBroadcast(layout=LAYOUT, consumers=(StepConsumer(name="a"), StepConsumer(name="a")))
    with pytest.raises(ValueError, match=r"^StepConsumer a fields must be of .*, not \['n'\]$"):
        StepBroadcast(layout=LAYOUT, consumers=(StepConsumer(name="a", fields=("n",)),))
