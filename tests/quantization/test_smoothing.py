# SPDX-License-Identifier: Apache-2.0
"""Activation scales: they hold every range, and the search finds what lowers the error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.frontend.packed.matrix import Codes
from streamhw.numerics.element_format import integer_format
from streamhw.quantization.smoothing import (
    Reader,
    _regrading,
    heavy_ranges,
    product_error,
    rounding_power,
    searched_scales,
    smoothed_scales,
)


def reader(seed: int = 0, spread: float = 1.0) -> Reader:
    random = np.random.default_rng(seed)
    columns = np.exp(spread * random.normal(size=64))
    matrix = (random.normal(size=(80, 64)) * columns).astype(np.float32)
    return Reader(matrix=matrix, weights=integer_format(4, 16))


def ranges(seed: int = 1, spread: float = 1.0) -> np.ndarray:
    return np.exp(spread * np.random.default_rng(seed).normal(size=64)) / 127


@given(
    seed=st.integers(0, 99),
    weights=st.floats(0, 4),
    values=st.floats(0, 4),
    alpha=st.floats(0, 1),
)
def test_all_scales_hold_their_ranges(
    seed: int, weights: float, values: float, alpha: float
) -> None:
    wanted, matrix = ranges(seed, values), reader(seed, weights)
    square = ((wanted * 30) ** 2).astype(np.float32)
    for found in (
        smoothed_scales(wanted, [matrix], alpha),
        searched_scales(wanted, [matrix], square),
    ):
        assert found.shape == (64,) and (found >= wanted * (1 - 1e-9)).all()


@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0])
def test_fine_activations_leave_the_scales_to_the_weights(spread: float) -> None:
    wanted, matrix = ranges(spread=spread) / 64, reader(spread=2.0)
    square = ((wanted * 64 * 30) ** 2).astype(np.float32)
    coarse, fine = (searched_scales(wanted, [matrix], square, fine=fine) for fine in (False, True))
    errors = [product_error(scales, [matrix], square) for scales in (coarse, fine)]
    assert errors[1] <= errors[0] and (fine >= wanted * (1 - 1e-9)).all()
    columns = np.abs(matrix.matrix).max(axis=0)
    assert np.ptp(np.log(fine * columns)) < np.ptp(np.log(columns))


def test_exponent_one_follows_the_ranges() -> None:
    wanted = ranges()
    np.testing.assert_array_equal(smoothed_scales(wanted, [reader()], 1.0), wanted)


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_the_search_is_no_worse_than_one_exponent(spread: float) -> None:
    wanted, matrix = ranges(spread=spread), reader(spread=1.0)
    random = np.random.default_rng(5)
    x = random.normal(size=(400, 64)) * wanted * 40
    square = (x * x).mean(axis=0).astype(np.float32)

    def error(scales: np.ndarray) -> float:
        codes = np.clip(np.rint(x / scales), -128, 127)
        groups = (matrix.matrix * scales).reshape(80, 4, 16)
        steps = np.abs(groups).max(axis=2, keepdims=True) / 7
        rounded = (matrix.weights.round(groups / steps) * steps).reshape(80, 64)
        return float(np.mean((codes @ rounded.T - x @ matrix.matrix.T) ** 2))

    searched = error(searched_scales(wanted, [matrix], square))
    assert searched <= 1.1 * min(
        error(smoothed_scales(wanted, [matrix], alpha)) for alpha in (0.5, 1.0)
    )


def test_in_8_bits_a_rare_peak_costs_the_other_columns_no_codes() -> None:
    """Four features are once a thousand times as large as ever else."""
    random = np.random.default_rng(7)
    matrix = random.normal(size=(80, 64)).astype(np.float32)
    x = random.normal(size=(4000, 64))
    x[0, :4] *= 1000
    wanted = np.abs(x).max(axis=0) / 127
    square = np.median(x * x, axis=0).astype(np.float32) / 0.455
    usual = x[1:]

    def error(scales: np.ndarray) -> float:
        scaled = matrix * scales
        steps = np.abs(scaled).max(axis=1, keepdims=True) / 127
        rest = usual @ ((np.rint(scaled / steps) * steps - scaled) / scales).T
        return float(np.mean(rest**2))

    found = searched_scales(wanted, [Reader(matrix=matrix, weights=integer_format(8))], square)
    assert error(found) < 0.01 * error(wanted)


def test_ranges_of_rare_values_follow_the_power_of_their_channel() -> None:
    square = np.full(8, 4.0, dtype=np.float32)
    peak = np.full(8, 20.0)
    peak[3], peak[5] = 5.0, 90.0
    found = heavy_ranges(peak, square, 1.5)
    assert (found >= peak).all()
    assert found[0] == pytest.approx(1.5 * 20) and found[5] == 90
    assert found[3] == pytest.approx(1.5 * (5 * 20) ** 0.5)
    np.testing.assert_array_equal(heavy_ranges(np.zeros(3), np.zeros(3, dtype=np.float32)), 0)


def test_rounding_to_steps_adds_a_twelfth_of_their_squares() -> None:
    random, matrix = np.random.default_rng(3), reader().matrix
    scales = ranges(2) * 8
    x = random.normal(size=(4000, 64)) * scales * 20
    square = (x * x).mean(axis=0).astype(np.float32)
    rest = (np.rint(x / scales) * scales - x) @ matrix.T
    real = (rest * rest).mean() / ((x @ matrix.T) ** 2).mean()
    assert rounding_power(scales, matrix, square) == pytest.approx(real, rel=0.1)
    assert rounding_power(2 * scales, matrix, square) == pytest.approx(4 * real, rel=0.1)


def test_scales_of_kept_codes_are_no_finer_than_multipliers_can_follow() -> None:
    random = np.random.default_rng(8)
    stored = Codes(
        codes=random.integers(0, 16, (64, 128)).astype(np.int16),
        zeros=np.zeros((64, 4), dtype=np.int16),
        scales=random.uniform(0.5, 1, (64, 4)).astype(np.float32),
        columns=np.arange(128) // 32,
        offsets=random.uniform(-8, -7, (64, 4)).astype(np.float32),
    )
    weights = integer_format(4, 32, has_offsets=True)
    assert stored.misfit(weights) is None
    wide = np.ones(128)
    wide[:32] = 1000
    square = np.full(128, 1600, dtype=np.float32)
    square[:32] = 1e-3  # what makes them so wide is rare
    kept = Reader(matrix=stored.floats(), weights=weights, stored=stored)
    scales = searched_scales(wide, [kept], square)
    assert (scales >= wide).all()
    assert 4 <= scales.max() / scales.min() <= 32


def test_stored_codes_cost_no_rounding_where_scales_are_even() -> None:
    random = np.random.default_rng(9)
    stored = Codes(
        codes=random.integers(0, 16, (16, 64)).astype(np.int16),
        zeros=np.full((16, 2), 8, dtype=np.int16),
        scales=np.ones((16, 2), dtype=np.float32),
        columns=np.arange(64) // 32,
    )
    found = _regrading(stored, np.full(64, 0.25), integer_format(4, 32))
    np.testing.assert_allclose(found, 0, atol=1e-6)
