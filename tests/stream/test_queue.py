# SPDX-License-Identifier: Apache-2.0
"""Queue: exact capacity, order, rate and latency at each kind of memory."""

from itertools import product

import pytest
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from streamhw.stream.queue import Queue, queue_latency, queue_memory
from streamhw.stream.spec import Memory
from streamhw.testing import PATTERNS, run_streams

DEPTHS = (0, 1, 2, 3, 5, 16, 64, 65, 67, 100)
WORDS = [(37 * n + 11) % 256 for n in range(256)]


def level_check(dut, run_level):
    """Compares stat_level with the beats inside, and these with the capacity."""

    def check(ctx, cycle):
        assert ctx.get(dut.stat_level) == run_level[0] <= dut.depth
        pushed = ctx.get(dut.i.valid) & ctx.get(dut.i.ready)
        popped = ctx.get(dut.o.valid) & ctx.get(dut.o.ready)
        run_level[0] += pushed - popped

    return check


@pytest.mark.parametrize("depth", DEPTHS)
def test_order_under_stalls(depth):
    for seed, (source, sink) in enumerate(product(("always", "seldom", "bursts"), PATTERNS)):
        dut = Queue(shape=unsigned(8), depth=depth)
        run = run_streams(
            dut,
            inputs={"i": WORDS[:100]},
            outputs={"o": 100},
            source=source,
            sink=sink,
            seed=seed,
            registered=depth > 0,
            each_cycle=level_check(dut, [0]) if depth else None,
        )
        assert run.beats["o"] == WORDS[:100]


@pytest.mark.parametrize("depth", DEPTHS)
def test_exact_capacity(depth):
    """A sink that never accepts: exactly ``depth`` beats go in."""
    dut = Queue(shape=unsigned(8), depth=depth)
    run = run_streams(
        dut, inputs={"i": WORDS}, outputs={}, spare=2 * depth + 20, registered=depth > 0
    )
    # Without an output in the run, nobody drives o.ready: it stays 0.
    assert run.beats["i"] == WORDS[:depth]
    assert len(run.offered["i"]) == depth + 1


@pytest.mark.parametrize("depth", DEPTHS)
def test_rate_and_latency(depth):
    dut = Queue(shape=unsigned(8), depth=depth)
    run = run_streams(dut, inputs={"i": WORDS}, outputs={"o": 256}, registered=depth > 0)
    interval = 2 if depth == 1 else 1
    assert run.cycles["o"] == [dut.latency + interval * n for n in range(256)]
    assert dut.latency == queue_latency(depth)


@pytest.mark.parametrize("depth", [2, 3, 64, 65])
def test_rate_when_full(depth):
    """A full queue in front of a sink that accepts again takes and gives a beat a cycle."""
    dut = Queue(shape=unsigned(8), depth=depth)
    run = run_streams(
        dut, inputs={"i": WORDS}, outputs={"o": 256}, sink="late", spare=5, registered=True
    )
    assert run.cycles["o"] == list(range(40, 296)) or depth > 40
    first = run.cycles["o"][0]
    assert run.cycles["o"] == list(range(first, first + 256))


@pytest.mark.parametrize("depth", [1, 2, 5, 65])
@pytest.mark.parametrize("sink", ["always", "late", "seldom"])
def test_reset_empties(depth, sink):
    for reset_at in (1, 2, 3, 30):
        dut = Queue(shape=unsigned(8), depth=depth)
        run = run_streams(
            dut, inputs={"i": WORDS[:80]}, outputs={"o": 80}, sink=sink, reset_at=reset_at
        )
        assert run.beats["o"] == WORDS[:80]


@pytest.mark.parametrize("depth", [0, 1, 3, 65])
def test_layouts_pass_unchanged(depth):
    layout = data.ArrayLayout(signed(5), 3)
    beats = [(n * 2731) % (1 << 15) for n in range(20)]
    run = run_streams(
        Queue(shape=layout, depth=depth),
        inputs={"i": beats},
        outputs={"o": 20},
        registered=depth > 0,
    )
    assert run.beats["o"] == beats


def test_memory():
    layout = data.ArrayLayout(signed(5), 3)
    assert queue_memory(layout, 0) is None
    assert queue_memory(layout, 1) is None
    assert queue_memory(layout, 2) == Memory(width=15, depth=2, asynchronous=True)
    assert queue_memory(layout, 300) == Memory(width=15, depth=300)


def test_errors():
    with pytest.raises(ValueError, match=r"^Queue depth must be at least 0, not -1$"):
        Queue(shape=unsigned(8), depth=-1)
    with pytest.raises(
        ValueError, match=r"^Queue shape must have at least 1 bit, not unsigned\(0\)$"
    ):
        Queue(shape=unsigned(0), depth=1)
