# SPDX-License-Identifier: Apache-2.0
"""Refinement: codes and scales of less error, with codes that the number format has."""

import numpy as np
import pytest

from streamhw.numerics.element_format import integer_format
from streamhw.quantization.compensation import compensated, compensation
from streamhw.quantization.refinement import refined, refined_codes

FORMAT = integer_format(4, 16)


@pytest.mark.parametrize("seed", range(4))
def test_each_part_lowers_the_error(seed: int) -> None:
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(96, 96)) * 0.3 + np.eye(96)
    x = (random.normal(size=(900, 96)) @ mixing).astype(np.float32)
    weight = random.normal(size=(50, 96)).astype(np.float32)
    how = compensation(x.T @ x / len(x))
    scales = np.abs(weight.reshape(50, 6, 16)).max(axis=2) / np.float32(7)

    def error(codes: np.ndarray, steps: np.ndarray) -> float:
        rest = codes * np.repeat(steps, 16, axis=1) - weight
        return float(np.einsum("ri,ij,rj->", rest, how.moments, rest, optimize=True))

    exact = np.repeat(scales, 16, axis=1)
    first = compensated(weight, exact, FORMAT, how)
    second = refined_codes(weight, first, exact, FORMAT, how)
    third, steps = refined(weight, first, scales, FORMAT, how)
    assert error(second, scales) < error(first, scales)
    assert error(third, steps) < 0.95 * error(first, scales)
    assert (steps > 0).all()
    for codes in (second, third):
        np.testing.assert_array_equal(codes, FORMAT.round(codes))


def test_columns_that_are_never_read_change_nothing() -> None:
    """Their moments are only damping, whatever their weights."""
    random = np.random.default_rng(1)
    x = random.normal(size=(300, 32)).astype(np.float32)
    x[:, 16:] = 0
    weight = random.normal(size=(8, 32)).astype(np.float32)
    weight[2] = 0
    how = compensation(x.T @ x / len(x))
    scales = np.maximum(np.abs(weight.reshape(8, 2, 16)).max(axis=2) / np.float32(7), 1e-6)
    codes = compensated(weight, np.repeat(scales, 16, axis=1), FORMAT, how)
    found, steps = refined(weight, codes, scales, FORMAT, how)
    assert np.isfinite(steps).all() and (found[2] == 0).all()
