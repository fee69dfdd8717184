# SPDX-License-Identifier: Apache-2.0
"""Skid: lossless in order, full rate, two beats, no paths through it."""

import pytest
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from streamhw.stream.skid import Skid
from streamhw.testing import PATTERNS, run_streams

WORDS = [(37 * n + 11) % 256 for n in range(100)]


@pytest.mark.parametrize("source", PATTERNS)
@pytest.mark.parametrize("sink", PATTERNS)
def test_order_under_stalls(source, sink):
    dut = Skid(shape=unsigned(8))
    run = run_streams(dut, inputs={"i": WORDS}, outputs={"o": 100}, source=source, sink=sink)
    assert run.beats["o"] == WORDS


def test_rate_and_latency():
    run = run_streams(Skid(shape=unsigned(8)), inputs={"i": WORDS}, outputs={"o": 100})
    assert run.cycles["o"] == [Skid.latency + n for n in range(100)]


def test_rate_when_full():
    run = run_streams(Skid(shape=unsigned(8)), inputs={"i": WORDS}, outputs={"o": 100}, sink="late")
    assert run.cycles["o"] == [40 + n for n in range(100)]


def test_capacity():
    run = run_streams(Skid(shape=unsigned(8)), inputs={"i": WORDS}, outputs={})
    assert run.beats["i"] == WORDS[:2]


@pytest.mark.parametrize("reset_at", [1, 2, 3, 50])
@pytest.mark.parametrize("sink", ["always", "late", "seldom"])
def test_reset_empties(reset_at, sink):
    dut = Skid(shape=unsigned(8))
    run = run_streams(dut, inputs={"i": WORDS}, outputs={"o": 100}, sink=sink, reset_at=reset_at)
    assert run.beats["o"] == WORDS


def test_layouts_pass_unchanged():
    beats = [(n * 2731) % (1 << 15) for n in range(20)]
    dut = Skid(shape=data.ArrayLayout(signed(5), 3))
    run = run_streams(dut, inputs={"i": beats}, outputs={"o": 20}, sink="often")
    assert run.beats["o"] == beats
