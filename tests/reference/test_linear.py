# SPDX-License-Identifier: Apache-2.0
"""Products of the integer reference against the kernel's own golden."""

from dataclasses import replace

import numpy as np
import pytest

from streamhw.kernels.matmul.packing import linear_golden
from streamhw.numerics.element_format import integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.plan import LinearPlan
from streamhw.quantization.quantized_model import LinearParameters
from streamhw.reference.linear import IntegerProduct
from tests.reference.codes import ROWS, codes


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("group", [None, 32])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("source", [Fixed(8), Fixed(15)])
def test_products(seed: int, group: int | None, wide: bool, source: Fixed) -> None:
    random = np.random.default_rng(seed)
    outputs, inputs = 24, 32 * int(random.integers(1, 40))
    bits = 8 if seed == 5 or not group else 4
    most = (1 << (bits - 1)) - 1
    weight = random.integers(-most - 1, most + 1, (outputs, inputs)).astype(np.int8)
    weight[0], weight[1], weight[2] = -most - 1, most, 0
    factors = None
    if group is not None:
        factors = random.integers(1, 256, (outputs, inputs // group)).astype(np.uint8)
        factors[0] = 255
    offsets = None
    if group is not None and seed % 2:
        offsets = random.integers(-128, 128, factors.shape).astype(np.int8)
        offsets[0] = -128
    out = Fixed(*((8, 0), (16, 9), (24, 12), (32, 14))[seed % 4])
    parameters = LinearParameters(
        weight=weight,
        group_multipliers=factors,
        group_offsets=offsets,
        bias=random.integers(-(2**31), 2**31, outputs).astype(np.int32) >> random.integers(0, 20),
        mult=random.integers(2**15, 2**16, outputs).astype(np.uint16),
        shift=random.integers(0, 40, outputs).astype(np.uint8),
        row_step=np.ones(outputs),
    )
    weights = integer_format(bits, group, has_offsets=offsets is not None)
    plan = LinearPlan(weights=weights, source=source, out=out)
    x = codes(random, plan.source, ROWS, inputs)
    p = parameters
    expected = linear_golden(x, p.weight, factors, p.bias, p.mult, p.shift, out, group, offsets)
    product = IntegerProduct(plan, parameters, wide=wide)
    assert (product(x.astype(np.float64)) == expected).all()
    assert (product(x[1:2].astype(np.float64)) == expected[1:2]).all()


def test_products_that_integers_cannot_hold() -> None:
    columns = 33 << 10
    parameters = LinearParameters(
        weight=np.full((1, columns), 127, dtype=np.int8),
        group_multipliers=np.full((1, columns // 32), 255, dtype=np.uint8),
        group_offsets=None,
        bias=np.zeros(1, dtype=np.int32),
        mult=np.full(1, 2**16 - 1, dtype=np.uint16),
        shift=np.zeros(1, dtype=np.uint8),
        row_step=np.ones(1),
    )
    plan = LinearPlan(weights=integer_format(8, 32), source=Fixed(15), out=Fixed(32))
    with pytest.raises(ValueError, match=r"^Scaled sums must be below 2\^62, not 4\.\d+e\+18$"):
        IntegerProduct(plan, parameters)
    with pytest.raises(ValueError, match=r"^Operand must be signed with 8 to 15 bits, not s16$"):
        IntegerProduct(replace(plan, source=Fixed(16)), parameters)
