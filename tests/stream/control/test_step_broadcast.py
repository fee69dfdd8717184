# SPDX-License-Identifier: Apache-2.0
"""Steps: every consumer gets its steps and fields; lengths and commands follow from them."""

import random

import numpy as np
import pytest

from streamhw.stream.control.scope import Scope
from streamhw.stream.control.step_broadcast import (
    CausalLengths,
    EngineSchedule,
    StepBroadcast,
    StepConsumer,
    loop_layout,
    run_layout,
    span_layout,
    step_layout,
)
from streamhw.testing import PATTERNS, Case, check_kernel, run_streams

LAYOUT = step_layout(tokens=3, context=20, layers=2)


def steps_of(seed, groups=8):
    """Steps as the sequencer sends them: layers, and a tail where the group has a head."""
    rng = random.Random(seed)
    steps = []
    for _ in range(groups):
        n, head = rng.randint(1, 3), rng.randint(0, 1)
        position = rng.randrange(17)
        for layer in range(2):
            steps.append((0, head, n, position, layer))
        if head:
            steps.append((1, 1, 1, position + n - 1, 0))
    return [dict(zip(LAYOUT.members, step, strict=True)) for step in steps]


def bits(layout, value):
    return layout.const(value).as_value().value


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


@pytest.mark.parametrize(
    ("tokens", "context", "heads", "positions"),
    [(1, 1, 1, 1), (3, 20, 2, 1), (4, 9, 1, 1), (3, 20, 2, 4), (4, 8, 1, 2)],
)
def test_lengths(tokens, context, heads, positions):
    spec = CausalLengths(tokens=tokens, context=context, heads=heads, positions=positions)
    rng = random.Random(context)
    cases = []
    for n in [rng.randint(1, tokens) for _ in range(5)] + [tokens] * 3:
        position = rng.randint(0, context - n)
        word = bits(spec.layout, {"tokens": n, "position": position})
        symbol_values = {"tokens": n, "length": [position + t + 1 for t in range(n)]}
        cases.append(Case(inputs={"i": np.array([word])}, symbol_values=symbol_values))
    same = cases[-1].symbol_values
    cases += [Case(inputs=cases[-1].inputs, symbol_values=same)] * 2
    check_kernel(spec, cases, seed=context)


def test_lengths_errors():
    with pytest.raises(ValueError, match=r"^Lengths parameters must be at least 1, not "):
        CausalLengths(tokens=1, context=4, heads=0)
    with pytest.raises(ValueError, match=r"^Lengths positions must be a power of two, not 3$"):
        CausalLengths(tokens=1, context=4, heads=1, positions=3)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("body", "tail"),
    [((0, 1, 2), (3,)), ((1,), ()), ((2, 0), (1, 2, 3)), ((), (0,)), ((), (0, 1)), ((0,), ())],
)
def test_context_schedule(pattern, body, tail):
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


def test_context_schedule_errors():
    for body, tail in (((), ()), ((0, -1), ()), ((0,), (-2,))):
        with pytest.raises(ValueError, match=r"^ContextSchedule must have contexts, all at least"):
            EngineSchedule(layout=LAYOUT, body=body, tail=tail, tokens=3)
