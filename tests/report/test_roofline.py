# SPDX-License-Identifier: Apache-2.0
"""Floors are their formulas; a shape is what papers know a model by."""

from dataclasses import replace

import pytest

from streamhw.frontend import load
from streamhw.frontend.decoder import decoder_graph
from streamhw.quantization.config import QuantConfig
from streamhw.report.published import GPT2_MEDIUM, Shape
from streamhw.report.roofline import roofline_of, shape_of, work_of
from tests.report.benches import HBM, MEDIUM, U55C
from tests.tiny import TINY_LLAMA

LAYER = 4 * 1024 * 1024 + 2 * 1024 * 4096


def test_shapes_are_those_of_papers() -> None:
    assert shape_of(MEDIUM) == GPT2_MEDIUM
    assert shape_of(load("qwen2.5-0.5b").graph) == Shape(24, 896, 4864, 14, 2)
    assert shape_of(load("tinyllama-1.1b").graph) == Shape(22, 2048, 5632, 32, 4)
    assert str(shape_of(load("gemma3-1b").graph)) == "26/1152/6912/4/1"


def test_work_of_a_token() -> None:
    work = work_of(MEDIUM, QuantConfig(head_bits=8))
    assert (work.body, work.head) == (24 * LAYER, 50_257 * 1024)
    assert work.weight_bytes == 24 * LAYER / 2 + 50_257 * 1024
    assert work.cache_bytes == 2 * 24 * 1024 and work.pair == 2 * 24 * 1024
    assert work.products(3, 10) == 3 * work.body + work.head + (11 + 12 + 13) * work.pair
    narrow = work_of(MEDIUM, QuantConfig(cache_bits=4))
    assert 8 * narrow.cache_bytes == 5 * work.cache_bytes
    narrow = work_of(load("qwen2.5-0.5b").graph, QuantConfig())
    assert narrow.cache_bytes == 2 * 24 * 2 * 64 and narrow.pair == 2 * 24 * 14 * 64


def test_windows_bound_what_a_token_reads() -> None:
    """Two of three layers see 4 positions: those before a token's own are 3."""
    graph = decoder_graph("m", replace(TINY_LLAMA, layers=3, windows=(4, 4, None)))
    work = work_of(graph, QuantConfig())
    position = 2 * 2 * 8  # bytes of keys and values of one layer
    assert work.windows == (4, 4, None) and work.cache_bytes == 3 * position
    assert work.bytes(1, 10) - work.weight_bytes == (3 + 3 + 10) * position
    assert work.bytes(1, 2) - work.weight_bytes == (2 + 2 + 2) * position
    pairs = 2 * (3 + 4 + 4) + (3 + 4 + 5)
    assert work.products(3, 2) == 3 * work.body + work.head + pairs * work.pair // 3


def test_floor_of_the_large_card() -> None:
    """The figures that one gets by hand: 0.384 ms a token, 2.16 ms for a prompt of 32."""
    assert 1e3 * HBM.step(1, 0) == pytest.approx(0.384, abs=5e-4)
    assert 1e3 * HBM.step(1, 1000) == pytest.approx(0.384 + 0.107, abs=1e-3)
    assert 1e3 * HBM.step(32, 0) == pytest.approx(2.16, abs=0.01)
    first, later = HBM.answer(32, 32)
    assert len(later) == 31 and 1e3 * (first + sum(later)) == pytest.approx(14, abs=0.4)


def test_roof_of_a_board() -> None:
    roofline = roofline_of(MEDIUM, QuantConfig(), U55C)
    assert roofline.bandwidth == pytest.approx(len(U55C.ports) * 14.375e9, rel=1e-3)
    assert roofline.rate == U55C.budget.dsps * 2 * 250e6
