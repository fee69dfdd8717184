# SPDX-License-Identifier: Apache-2.0
"""Cycles of the matmul engine: simulated for every number of tokens, and as formulas."""

import numpy as np
import pytest

from streamhw.kernels.matmul.geometry import SLOTS
from streamhw.kernels.matmul.timing import (
    drain_latency,
    fill_latency,
    product_timing,
    tile_results,
)
from streamhw.stream.loop_order import LoopOrder
from streamhw.testing import check_kernel
from tests.kernels.matmul.engines import SPECS, case, context, engine


@pytest.mark.parametrize("n", [1, 2, 3])
def test_timing_for_every_number_of_tokens(n: int) -> None:
    spec, rng = SPECS["int4, groups"], np.random.default_rng(5)
    check_kernel(spec, [case(spec, n, rng) for _ in range(6)], scenarios=("single", "free"))


def test_timing_of_long_tiles_is_the_formula() -> None:
    spec = engine(context(inputs=64, outputs=32, tokens=8, scale_group=16), rows=8, tokens=8)
    fill = 2 + 1 + 2 + 1 + 1  # operand store, multiply, tree of 4, group multiplier, accumulate
    steps = 8 * 64 // 4
    timing = spec.timing({"tokens": 8})
    # one cycle more than the array needs: x of the next invocation is let in when this one begins
    assert timing.interval == 32 // 8 * steps + 1
    assert timing.latency == 1 + 8 * 64 + steps - 8 + fill + 9
    assert spec.timing({"tokens": 1}).latency == 1 + 64 + fill + 9
    wide = engine(
        context(inputs=64, outputs=32, tokens=8, lanes=4), rows=8, tokens=8, token_lanes=4
    )
    assert wide.timing({"tokens": 8}).interval == 32 // 8 * steps // 4 + 1


@pytest.mark.parametrize("loop_order", LoopOrder)
@pytest.mark.parametrize("n", [1, 5, 8])
def test_a_product_whose_array_is_the_slowest(n: int, loop_order: LoopOrder) -> None:
    spec = engine(
        context(inputs=64, outputs=32, tokens=8, lanes=4),
        rows=8,
        tokens=8,
        token_lanes=2,
        loop_order=loop_order,
    )
    product, whole = (
        product_timing(spec, spec.contexts[0], {"tokens": n}, SLOTS),
        spec.timing({"tokens": n}),
    )
    assert product.interval == 32 // 8 * -(-n // 2) * 64 // 4 <= whole.interval
    if loop_order is LoopOrder.WEIGHT_STATIONARY:
        assert product.drain == whole.drain


def test_results_that_take_longer_than_the_array_hold_it_up() -> None:
    """Eight tiles of 8 cycles of the array, but 32 beats of results: it works on the last when
    those of four tiles before have left. Results leave without a gap from the first to the last."""
    spec = engine(
        context(inputs=16, outputs=64, tokens=8, lanes=4),
        rows=8,
        tokens=8,
        token_lanes=4,
    )
    (a,), values = spec.contexts, {"tokens": 8}
    product = product_timing(spec, a, values, SLOTS)
    assert tile_results(spec, a, values) == 32
    assert spec.timing(values).interval == 8 * 32
    # The last tile is let in when the fourth has left; its own drain is behind the three between.
    fourth = product.latency - drain_latency(spec) + 4 * 32
    assert product.interval == fourth + spec.tile_words(a) + 8
    assert product.drain == fill_latency(spec) + 32 + drain_latency(spec)
