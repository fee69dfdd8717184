# SPDX-License-Identifier: Apache-2.0
"""Fork: every output gets every beat once, whatever the others do."""

import pytest
from amaranth.hdl import unsigned

from streamhw.stream.fork import Fork
from streamhw.testing import PATTERNS, run_streams

WORDS = [(37 * n + 11) % 256 for n in range(60)]


@pytest.mark.parametrize("outputs", [1, 2, 3, 5])
@pytest.mark.parametrize("sink", PATTERNS)
def test_each_output_gets_all(outputs, sink):
    names = [f"o_{index}" for index in range(outputs)]
    for stalled in (*names, None):
        sinks = sink if stalled is None else {stalled: sink}
        run = run_streams(
            Fork(shape=unsigned(8), outputs=outputs),
            inputs={"i": WORDS},
            outputs=dict.fromkeys(names, 60),
            source="often",
            sink=sinks,
        )
        assert all(run.beats[name] == WORDS for name in names)


def test_rate_and_latency():
    dut = Fork(shape=unsigned(8), outputs=3)
    run = run_streams(dut, inputs={"i": WORDS}, outputs={"o_0": 60, "o_1": 60, "o_2": 60})
    for name in ("o_0", "o_1", "o_2"):
        assert run.cycles[name] == [Fork.latency + n for n in range(60)]


def test_outputs_do_not_wait_within_a_beat():
    """While one sink refuses, the other gets the current beat, and only that."""
    dut = Fork(shape=unsigned(8), outputs=2)
    run = run_streams(
        dut, inputs={"i": WORDS}, outputs={"o_0": 60, "o_1": 60}, sink={"o_1": "late"}
    )
    assert run.cycles["o_0"][:2] == [1, 41]
    assert run.cycles["o_1"] == [40 + n for n in range(60)]


@pytest.mark.parametrize("reset_at", [1, 2, 3, 30])
def test_reset_in_the_middle(reset_at):
    run = run_streams(
        Fork(shape=unsigned(8), outputs=2),
        inputs={"i": WORDS},
        outputs={"o_0": 60, "o_1": 60},
        sink={"o_1": "seldom"},
        reset_at=reset_at,
    )
    assert run.beats["o_0"] == run.beats["o_1"] == WORDS


def test_errors():
    with pytest.raises(ValueError, match=r"^Fork outputs must be at least 1, not 0$"):
        Fork(shape=unsigned(8), outputs=0)
