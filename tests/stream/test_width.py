# SPDX-License-Identifier: Apache-2.0
"""Width converter: bits keep their order, and the narrow side never waits for it."""

import pytest

from streamhw.stream.width import Width
from streamhw.testing import PATTERNS, run_streams

PAIRS = [(8, 8), (8, 16), (8, 24), (4, 32), (1, 4), (16, 8), (24, 8), (32, 4), (4, 1), (5, 15)]


def both_ends(width_in, width_out, wide_beats):
    """The same random-looking bits cut both ways."""
    wide = max(width_in, width_out)
    bits = sum(((2654435761 * (n + 1)) % (1 << 32)) << (32 * n) for n in range(wide_beats * wide))

    def cut(width):
        count = wide_beats * wide // width
        return [(bits >> (n * width)) & ((1 << width) - 1) for n in range(count)]

    return cut(width_in), cut(width_out)


@pytest.mark.parametrize(("width_in", "width_out"), PAIRS)
def test_bits_keep_their_order(width_in, width_out):
    sent, expected = both_ends(width_in, width_out, 20)
    for seed, (source, sink) in enumerate(
        [(p, "always") for p in PATTERNS]
        + [("always", p) for p in PATTERNS]
        + [("often", "often"), ("seldom", "often"), ("bursts", "seldom")]
    ):
        run = run_streams(
            Width(width_in=width_in, width_out=width_out),
            inputs={"i": sent},
            outputs={"o": len(expected)},
            source=source,
            sink=sink,
            seed=seed,
        )
        assert run.beats["o"] == expected


@pytest.mark.parametrize(("width_in", "width_out"), PAIRS)
@pytest.mark.parametrize("sink", ["always", "late"])
def test_rate_and_latency(width_in, width_out, sink):
    sent, expected = both_ends(width_in, width_out, 40)
    dut = Width(width_in=width_in, width_out=width_out)
    run = run_streams(dut, inputs={"i": sent}, outputs={"o": len(expected)}, sink=sink)
    first = max(40, dut.latency) if sink == "late" else dut.latency
    if width_in >= width_out:
        assert run.cycles["o"] == [first + n for n in range(len(expected))]
    elif sink == "always":
        assert run.cycles["i"] == list(range(len(sent)))
        ratio = width_out // width_in
        assert run.cycles["o"] == [first + ratio * n for n in range(len(expected))]


@pytest.mark.parametrize(("width_in", "width_out"), [(8, 24), (24, 8), (8, 8)])
@pytest.mark.parametrize("reset_at", [1, 2, 4, 30])
def test_reset_in_the_middle(width_in, width_out, reset_at):
    sent, expected = both_ends(width_in, width_out, 20)
    dut = Width(width_in=width_in, width_out=width_out)
    run = run_streams(
        dut, inputs={"i": sent}, outputs={"o": len(expected)}, sink="often", reset_at=reset_at
    )
    assert run.beats["o"] == expected


@pytest.mark.parametrize(("width_in", "width_out"), [(8, 24), (24, 8), (8, 8)])
def test_capacity(width_in, width_out):
    sent, _ = both_ends(width_in, width_out, 8)
    run = run_streams(Width(width_in=width_in, width_out=width_out), inputs={"i": sent}, outputs={})
    assert len(run.beats["i"]) == 2 * max(1, width_out // width_in)


def test_errors():
    with pytest.raises(ValueError, match=r"^Width must be at least 1 bit, not 0$"):
        Width(width_in=8, width_out=0)
    with pytest.raises(
        ValueError, match=r"^Width width_in must divide or be divided by width_out, not 8 and 12$"
    ):
        Width(width_in=8, width_out=12)
