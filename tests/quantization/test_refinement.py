# SPDX-License-Identifier: Apache-2.0
"""Refinement: codes and scales of less error, with codes that the number format has."""

import numpy as np
import pytest

from streamhw.numerics.element_format import integer_format
from streamhw.quantization.compensation import compensated, compensation
from streamhw.quantization.grid import Grid
from streamhw.quantization.refinement import refined, refined_codes

FORMAT = integer_format(4, 16)
OFFSETS = integer_format(4, 16, has_offsets=True)


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
    third, grid = refined(weight, first, Grid(scales=scales, offsets=None), FORMAT, how)
    assert error(second, scales) < error(first, scales)
    assert error(third, grid.scales) < 0.95 * error(first, scales)
    assert (grid.scales > 0).all() and grid.offsets is None
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
    found, grid = refined(weight, codes, Grid(scales=scales, offsets=None), FORMAT, how)
    assert np.isfinite(grid.scales).all() and (found[2] == 0).all()


def test_offsets_are_refined_with_the_scales() -> None:
    random = np.random.default_rng(5)
    x = (random.normal(size=(900, 32)) + 1).astype(np.float32)
    weight = (random.normal(size=(50, 32)) + np.repeat([1, -2], 16)).astype(np.float32)
    how = compensation(x.T @ x / len(x))
    low, high = (end(weight.reshape(50, 2, 16), axis=2) for end in (np.min, np.max))
    grid = Grid(scales=(high - low) / 15, offsets=low + 8 * (high - low) / 15)

    def error(codes: np.ndarray, grid: Grid) -> float:
        found = codes * np.repeat(grid.scales, 16, axis=1) + np.repeat(grid.offsets, 16, axis=1)
        rest = found - weight
        return float(np.einsum("ri,ij,rj->", rest, how.moments, rest, optimize=True))

    scales, offsets = (np.repeat(part, 16, axis=1) for part in (grid.scales, grid.offsets))
    codes = compensated(weight - offsets, scales, OFFSETS, how)
    better, found = refined(weight, codes, grid, OFFSETS, how)
    assert error(better, found) < 0.9 * error(codes, grid)
    kept = Grid(scales=found.scales, offsets=grid.offsets)
    assert error(better, found) < error(better, kept)
    np.testing.assert_array_equal(better, OFFSETS.round(better))
