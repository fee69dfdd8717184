# SPDX-License-Identifier: Apache-2.0
"""Matrices to integers: fields in range, error within the step, compensation that helps."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.kernels.matmul.packing import linear_golden
from streamhw.numerics.element_format import integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.compensation import compensation
from streamhw.quantization.weights import (
    Rounding,
    dequantize,
    output_scales,
    quantize_matrix,
)


def problem(seed: int = 0, rows: int = 40, columns: int = 64):
    """A matrix, correlated int8 inputs and their moments."""
    random = np.random.default_rng(seed)
    weight = random.normal(size=(rows, columns)).astype(np.float32)
    mixing = random.normal(size=(columns, columns)) * 0.5 + np.eye(columns)
    x = np.clip(np.rint(random.normal(size=(500, columns)) @ mixing * 8 + 3), -128, 127)
    return weight, random.normal(size=rows), x.astype(np.float32)


def rounding(x: np.ndarray, bits: int, group: int | None, **values: object) -> Rounding:
    values = {"weights": integer_format(bits, group)} | values
    return Rounding(square=(x * x).mean(axis=0), **values)


@pytest.mark.parametrize(("bits", "group"), [(4, 16), (4, 64), (4, None), (8, None)])
def test_fields_are_in_range_and_errors_below_a_step(bits: int, group: int | None) -> None:
    weight, bias, x = problem()
    found = quantize_matrix([weight], bias, rounding(x, bits, group), np.full(40, 100.0))
    assert found.weight.dtype == np.int8 and found.weight.shape == weight.shape
    assert found.weight.min() >= (-8 if bits == 4 else -127)
    assert found.weight.max() <= (7 if bits == 4 else 127)
    assert found.mult.min() >= 1 << 15 and found.shift.max() <= 63
    steps = found.row_step[:, None]
    if group is None:
        assert found.group_multipliers is None
    else:
        assert found.group_multipliers is not None
        assert found.group_multipliers.shape == (40, 64 // group)
        assert found.group_multipliers.min() >= 1 and found.group_multipliers.max() <= 255
        steps = steps * np.repeat(found.group_multipliers, group, axis=1)
    error = np.abs(dequantize(found) - weight)
    most = (1 << (bits - 1)) - 1
    clipped = np.abs(weight) > most * steps
    assert (error[~clipped] <= 0.5001 * np.broadcast_to(steps, error.shape)[~clipped]).all()
    np.testing.assert_allclose(found.bias * found.row_step, bias, atol=found.row_step.max())


@pytest.mark.parametrize(
    ("bits", "group", "has_offsets"), [(4, 16, False), (4, 16, True), (8, None, False)]
)
def test_integers_compute_the_real_product(bits: int, group: int | None, has_offsets: bool) -> None:
    weight, bias, x = problem()
    weight += 1 if has_offsets else 0
    scale = np.exp2(np.arange(40) / 4 - 3)
    weights = integer_format(bits, group, has_offsets=has_offsets)
    found = quantize_matrix([weight], bias, rounding(x, bits, group, weights=weights), scale)
    assert (found.group_offsets is not None) == has_offsets
    y = linear_golden(
        x.astype(np.int64),
        found.weight,
        found.group_multipliers,
        found.bias,
        found.mult,
        found.shift,
        Fixed(32),
        group,
        found.group_offsets,
    )
    exact = x.astype(np.float64) @ dequantize(found).T.astype(np.float64) + bias
    # half an LSB of rounding, the bias's half step, and 16 bits of the multiplier
    bound = 0.51 + scale * found.row_step + np.abs(exact) * scale * 2.0**-15
    assert (np.abs(y - exact * scale) <= bound).all()


def test_compensation_lowers_the_error_of_the_product() -> None:
    weight, bias, x = problem()
    how = compensation(x.T @ x / len(x))
    plain = rounding(x, 4, 16)
    better = rounding(x, 4, 16, compensation=how, mean=x.mean(axis=0))
    exact = x @ weight.T + bias

    def error(chosen: Rounding) -> float:
        found = quantize_matrix([weight], bias, chosen, np.ones(40))
        return float(np.mean((x @ dequantize(found).T + found.bias * found.row_step - exact) ** 2))

    assert error(better) < 0.7 * error(plain)


def test_offsets_lower_the_error_of_weights_that_are_not_symmetric() -> None:
    weight, bias, x = problem()
    weight = np.exp(weight)
    how = compensation(x.T @ x / len(x))
    exact, errors = x @ weight.T, []
    for has_offsets in (False, True):
        weights = integer_format(4, 16, has_offsets=has_offsets)
        chosen = rounding(x, 4, 16, weights=weights, compensation=how)
        found = quantize_matrix([weight], bias, chosen, np.ones(40))
        errors.append(float(np.mean((x @ dequantize(found).T - exact) ** 2)))
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize(("bits", "group"), [(4, 4), (8, None)])
def test_rows_of_zeros_still_carry_their_bias(bits: int, group: int | None) -> None:
    weight, bias = np.zeros((3, 8), dtype=np.float32), np.array([0.0, 5.0, -1e6])
    square = np.ones(8, dtype=np.float32)
    found = quantize_matrix(
        [weight],
        bias,
        Rounding(weights=integer_format(bits, group), square=square),
        np.full(3, 256.0),
    )
    np.testing.assert_allclose(found.bias * found.row_step, bias, rtol=1e-6, atol=1e-9)
    assert (found.weight == 0).all()


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=20))
def test_multipliers_are_normalized(steps: list[float]) -> None:
    step = np.array(steps)
    _, mult, shift = output_scales(np.zeros(len(step)), step, np.ones(len(step)))
    assert mult.min() >= 1 << 15
    np.testing.assert_allclose(np.ldexp(mult.astype(float), -shift.astype(int)), step, rtol=2**-16)


def test_group_must_divide_the_columns() -> None:
    weight, bias, x = problem()
    with pytest.raises(
        ValueError, match=f"^{re.escape('scale_group must divide the 64 columns, not 48')}$"
    ):
        quantize_matrix([weight], bias, rounding(x, 4, 48), np.ones(40))
