# SPDX-License-Identifier: Apache-2.0
"""Crossing: lossless in order, full rate over any distance, registers alone on each boundary."""

import re

import pytest
from amaranth.back import verilog
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from streamhw.stream.register_slice import (
    RegisterSlice,
    register_slice_beats,
    register_slice_latency,
)
from streamhw.testing import PATTERNS, run_streams

WORDS = [(37 * n + 11) % 256 for n in range(100)]


def crossing(boundaries: int) -> RegisterSlice:
    return RegisterSlice(shape=unsigned(8), boundaries=boundaries)


@pytest.mark.parametrize("source", PATTERNS)
@pytest.mark.parametrize("sink", PATTERNS)
def test_order_under_stalls(source, sink):
    run = run_streams(
        crossing(1), inputs={"i": WORDS}, outputs={"o": 100}, source=source, sink=sink
    )
    assert run.beats["o"] == WORDS


@pytest.mark.parametrize("boundaries", [1, 2, 3, 7])
def test_rate_and_latency(boundaries):
    run = run_streams(crossing(boundaries), inputs={"i": WORDS}, outputs={"o": 100})
    assert run.cycles["o"] == [register_slice_latency(boundaries) + n for n in range(100)]


@pytest.mark.parametrize("boundaries", [1, 2])
def test_rate_when_full(boundaries):
    run = run_streams(crossing(boundaries), inputs={"i": WORDS}, outputs={"o": 100}, sink="late")
    assert run.cycles["o"] == [40 + n for n in range(100)]


def test_capacity():
    run = run_streams(crossing(2), inputs={"i": WORDS}, outputs={})
    assert run.beats["i"] == WORDS[: register_slice_beats(2)]


@pytest.mark.parametrize("reset_at", [1, 4, 6, 50])
@pytest.mark.parametrize("sink", ["always", "late", "seldom"])
def test_reset_empties(reset_at, sink):
    dut = crossing(1)
    run = run_streams(dut, inputs={"i": WORDS}, outputs={"o": 100}, sink=sink, reset_at=reset_at)
    assert run.beats["o"] == WORDS


def test_layouts_pass_unchanged():
    beats = [(n * 2731) % (1 << 15) for n in range(20)]
    dut = RegisterSlice(shape=data.ArrayLayout(signed(5), 3), boundaries=1)
    run = run_streams(dut, inputs={"i": beats}, outputs={"o": 20}, sink="often")
    assert run.beats["o"] == beats


def test_registers_stay_registers():
    text = verilog.convert(crossing(2), name="top", emit_src=False, strip_internal_attrs=True)
    held = re.findall(r'\(\* shreg_extract = "no" \*\)\n  reg ', text)
    assert len(held) == 3 * 4


def test_a_boundary_is_needed():
    with pytest.raises(ValueError, match=r"^Crossing boundaries must be at least 1, not 0$"):
        crossing(0)
