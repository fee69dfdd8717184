# SPDX-License-Identifier: Apache-2.0
"""Cycles of the matmul engine: simulated for every number of tokens, and as formulas."""

import numpy as np
import pytest

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
    # one cycle more than the array needs: x of the next activation is let in when this one begins
    assert timing.interval == 32 // 8 * steps + 1
    assert timing.latency == 1 + 8 * 64 + steps - 8 + fill + 9
    assert spec.timing({"tokens": 1}).latency == 1 + 64 + fill + 9
    wide = engine(
        context(inputs=64, outputs=32, tokens=8, lanes=4), rows=8, tokens=8, token_lanes=4
    )
    assert wide.timing({"tokens": 8}).interval == 32 // 8 * steps // 4 + 1
