# SPDX-License-Identifier: Apache-2.0
"""Benches before a simulation: the design's roofline, points by the cost model, bytes moved."""

import pytest

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.estimate import Estimate
from streamhw.report.predicted_bench import empty_bench, moved_bytes, predicted_point
from streamhw.report.roofline import roofline_of


def test_an_empty_bench_is_of_its_design(design: PlacedNetlist) -> None:
    made = empty_bench(design, "key", "checkpoint")
    assert (made.key, made.model, made.board, made.points) == ("key", "tiny", "sim", ())
    assert made.roofline == roofline_of(design.graph, design.config.quantization, design.board)
    assert made.shape.layers == 2 and made.cells == design.placement.total


def test_a_point_is_what_the_cost_model_says(design: PlacedNetlist) -> None:
    point = predicted_point(Estimate.placed(design), 8, 5)
    found = Estimate.placed(design).answer(8, 13)
    assert point.predicted == (found.prompt, *found.tokens) and len(point.predicted) == 5
    assert point.simulated == () and point.moved == moved_bytes(design, 8, 5)


@pytest.mark.parametrize("answer", [1, 4])
def test_each_token_reads_the_tail_and_each_step_the_layers(
    design: PlacedNetlist, answer: int
) -> None:
    more = moved_bytes(design, 8, answer + 1) - moved_bytes(design, 8, answer)
    layers = design.memory.stride * design.graph.loops[0].trips
    cache = roofline_of(design.graph, design.config.quantization, design.board).work
    cached = cache.cached(8 + answer) + cache.cache_bytes
    assert more == layers + design.memory.region("tail").bytes + cached
