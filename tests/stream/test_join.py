# SPDX-License-Identifier: Apache-2.0
"""Join: beat n of the output holds beat n of every input."""

import pytest
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from streamhw.stream.join import Join
from streamhw.testing import PATTERNS, run_streams

A = [(37 * n + 11) % 256 for n in range(60)]
B = [(5 * n + 3) % 8 for n in range(60)]
BOTH = [a | b << 8 for a, b in zip(A, B, strict=True)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pairs_under_stalls(pattern):
    for stalls in (
        {"source": {"i_0": pattern}},
        {"source": {"i_1": pattern}},
        {"sink": pattern},
        {"source": pattern, "sink": pattern},
        {"source": {"i_0": pattern, "i_1": "seldom"}, "sink": "often"},
    ):
        run = run_streams(
            Join(shapes=[unsigned(8), signed(3)]),
            inputs={"i_0": A, "i_1": B},
            outputs={"o": 60},
            **stalls,
        )
        assert run.beats["o"] == BOTH
        assert run.cycles["i_0"] == run.cycles["i_1"]


def test_rate_and_latency():
    dut = Join(shapes=[unsigned(8), signed(3)])
    run = run_streams(dut, inputs={"i_0": A, "i_1": B}, outputs={"o": 60})
    assert run.cycles["o"] == [Join.latency + n for n in range(60)]


def test_roles():
    dut = Join(shapes={"x": unsigned(8), "scale": data.ArrayLayout(signed(3), 1)})
    assert list(dut.layout.members) == ["x", "scale"]
    run = run_streams(dut, inputs={"i_x": A, "i_scale": B}, outputs={"o": 60}, sink="often")
    assert run.beats["o"] == BOTH


@pytest.mark.parametrize("reset_at", [1, 2, 3, 30])
def test_reset_in_the_middle(reset_at):
    dut = Join(shapes=[unsigned(8), signed(3)])
    run = run_streams(
        dut,
        inputs={"i_0": A, "i_1": B},
        outputs={"o": 60},
        source={"i_0": "often"},
        sink="seldom",
        reset_at=reset_at,
    )
    assert run.beats["o"] == BOTH


def test_one_input():
    run = run_streams(Join(shapes=[unsigned(8)]), inputs={"i_0": A}, outputs={"o": 60})
    assert run.beats["o"] == A


def test_errors():
    with pytest.raises(ValueError, match=r"^Join shapes must have at least 1 entry, not 0$"):
        Join(shapes=[])
