# SPDX-License-Identifier: Apache-2.0
"""Grids of scale groups: the nearest integers to them, and the search for the best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.numerics.element_format import OFFSET_BITS, integer_format
from streamhw.quantization.grid import Grid, integer_grid, searched_grid

INT4 = integer_format(4, 16)
OFFSETS = integer_format(4, 16, has_offsets=True)


@given(st.integers(0, 1 << 30), st.floats(-8, 8), st.booleans())
def test_integers_are_within_half_a_step(seed: int, far: float, small: bool) -> None:
    random = np.random.default_rng(seed)
    scales = np.exp(random.normal(size=(5, 4))).astype(np.float32)
    offsets = (random.normal(size=(5, 4)) * np.exp(far)).astype(np.float32)
    if small:
        scales[1], offsets[1] = 0, 0
    found = integer_grid(
        Grid(scales=scales, offsets=offsets), np.ones(5), OFFSETS, np.full(5, 100.0)
    )
    assert found.multipliers.dtype == np.uint8 and found.multipliers.min() >= 1
    assert found.offsets is not None and found.offsets.dtype == np.int8
    assert np.abs(found.offsets.astype(int)).max() <= 127
    exact, row = found.exact, found.row[:, None]
    assert exact.offsets is not None
    # where a multiplier would be 0 it is 1: codes of such groups do not matter
    assert (np.abs(exact.scales - scales) <= 0.5001 * row)[scales >= row].all()
    half = 0.5001 * (1 << OFFSET_BITS) * row
    assert (np.abs(exact.offsets - offsets) <= half).all()


@pytest.mark.parametrize("search", [(), (1.0, 0.9, 0.8, 0.7)])
def test_offsets_lie_where_the_weights_do(search: tuple[float, ...]) -> None:
    random = np.random.default_rng(2)
    weight = (random.uniform(2, 3, (6, 4, 16)) * [[[1], [-1], [4], [1]]]).astype(np.float32)
    square = np.ones((1, 4, 16), dtype=np.float32)

    def error(grid: Grid, weights: object) -> float:
        scale = grid.scales[..., None]
        offset = 0 if grid.offsets is None else grid.offsets[..., None]
        codes = OFFSETS.round((weight - offset) / scale)
        return float(((codes * scale + offset - weight) ** 2).mean())

    found = searched_grid(weight, square, OFFSETS, search)
    plain = searched_grid(weight, square, INT4, search)
    assert (found.scales > 0).all() and plain.offsets is None
    assert error(found, OFFSETS) < 0.05 * error(plain, INT4)


def test_codes_of_a_grid_are_found_again() -> None:
    random = np.random.default_rng(3)
    codes = random.integers(-8, 8, (6, 4, 16))
    codes[:, :, :2] = -8, 7
    weight = (codes * 0.25 - 1.5).astype(np.float32)
    grid = searched_grid(weight, np.ones((1, 4, 16), dtype=np.float32), OFFSETS, (1.0, 0.9))
    np.testing.assert_allclose(grid.scales, 0.25, rtol=1e-4)
    np.testing.assert_allclose(grid.offsets, -1.5, rtol=1e-4)


def test_groups_of_one_number_and_of_zeros() -> None:
    weight = np.zeros((2, 2, 16), dtype=np.float32)
    weight[1] = 3
    grid = searched_grid(weight, np.ones((1, 2, 16), dtype=np.float32), OFFSETS, (1.0, 0.8))
    found = integer_grid(grid, np.zeros(2), OFFSETS, np.full(2, 100.0)).exact
    assert found.offsets is not None
    codes = OFFSETS.round((weight - found.offsets[..., None]) / found.scales[..., None])
    exact = codes * found.scales[..., None] + found.offsets[..., None]
    np.testing.assert_allclose(exact, weight, rtol=0.05)
