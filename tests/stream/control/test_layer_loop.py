# SPDX-License-Identifier: Apache-2.0
"""The loop over layers: rows enter in layer 0, go round, and the last one leaves."""

import random

import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.control.layer_loop import LoopEntry, LoopExit
from streamhw.stream.control.step_layout import loop_layout
from streamhw.stream.itensor.itensor import Symbol, row_major
from streamhw.testing import PATTERNS, run_streams

FMT = Fixed(9)


def steps_of(seed, tokens, layers, groups=6):
    rng = random.Random(seed)
    groups = [(rng.randint(1, tokens), rng.randint(0, 1)) for _ in range(groups)]
    return [(n, head, layer) for n, head in groups for layer in range(layers)]


def words_of(steps, tokens, layers):
    layout = loop_layout(tokens=tokens, layers=layers)
    values = ({"tokens": n, "head": head, "layer": layer} for n, head, layer in steps)
    return [layout.const(value).as_value().value for value in values]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("tokens", "layers", "beats"), [(3, 2, 4), (1, 1, 1), (4, 3, 2)])
def test_entry(pattern, tokens, layers, beats):
    steps = steps_of(layers, tokens, layers)
    first, back, expected = [], [], []
    for n, _, layer in steps:
        rows = [(7 * len(expected) + k) % 512 for k in range(n * beats)]
        (first if layer == 0 else back).extend(rows)
        expected.extend(rows)
    for source, sink in ((pattern, "always"), ("often", pattern), ({"i_step": pattern}, "often")):
        got = run_streams(
            LoopEntry(type=row_major(FMT, (Symbol("tokens", tokens), beats)), layers=layers),
            inputs={"i_first": first, "i_back": back, "i_step": words_of(steps, tokens, layers)},
            outputs={"o": len(expected)},
            source=source,
            sink=sink,
        )
        assert got.beats["o"] == expected
        if source == sink == "always":
            assert got.cycles["o"] == [3 + n for n in range(len(expected))]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("tokens", "layers", "beats"), [(3, 2, 4), (1, 1, 1), (4, 3, 2)])
def test_exit(pattern, tokens, layers, beats):
    steps = steps_of(layers, tokens, layers)
    rows, back, leave = [], [], []
    for n, head, layer in steps:
        for t in range(n):
            row = [(5 * len(rows) + k) % 512 for k in range(beats)]
            rows.extend(row)
            if layer < layers - 1:
                back.extend(row)
            elif head and t == n - 1:
                leave.extend(row)
    outputs = {"o_back": len(back), "o_exit": len(leave)}
    for source, sink in ((pattern, "always"), ("often", pattern), ("often", {"o_exit": pattern})):
        got = run_streams(
            LoopExit(type=row_major(FMT, (Symbol("tokens", tokens), beats)), layers=layers),
            inputs={"i": rows, "i_step": words_of(steps, tokens, layers)},
            outputs=outputs,
            source=source,
            sink=sink,
            spare=60,
        )
        assert (got.beats["o_back"], got.beats["o_exit"]) == (back, leave)
        if source == sink == "always":
            assert got.cycles["i"] == [2 + n for n in range(len(rows))]


def test_reset():
    steps = steps_of(2, 3, 2)
    rows = sum(n for n, _, _ in steps)
    got = run_streams(
        LoopExit(type=row_major(FMT, (Symbol("tokens", 3), 1)), layers=2),
        inputs={"i": list(range(rows)), "i_step": words_of(steps, 3, 2)},
        outputs={"o_back": rows // 2},
        reset_at=7,
    )
    assert len(got.beats["o_back"]) == rows // 2


@pytest.mark.parametrize("end", [LoopEntry, LoopExit])
def test_ports_and_errors(end):
    type = row_major(FMT, (Symbol("tokens", 2), 4), 2)
    assert end(type=type, layers=2).ports[0].type == type
    name = end.__name__
    with pytest.raises(ValueError, match=rf"^{name} layers must be at least 1, not 0$"):
        end(type=type, layers=0)
    with pytest.raises(ValueError, match=rf"^{name} type must have tokens outermost, not "):
        end(type=row_major(FMT, (2, 4)), layers=1)
    with pytest.raises(ValueError, match=rf"^{name} type must have rows of one length, not "):
        end(type=row_major(FMT, (Symbol("tokens", 2), Symbol("rows", 2), 4)), layers=1)
