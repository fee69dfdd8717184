# SPDX-License-Identifier: Apache-2.0
"""Sizes of softmax."""

import numpy as np

from streamhw.kernels.attention.softmax import SoftmaxSpec
from streamhw.kernels.attention.softmax_geometry import (
    LOG2E,
    RECORD,
    SCALE,
    SoftmaxGeometry,
    more_stages,
)

SIZES = {"tokens": 2, "heads": 2, "context": 16}


def test_a_spec_is_a_geometry_with_the_same_ports() -> None:
    assert SoftmaxSpec(**SIZES).ports == SoftmaxGeometry(**SIZES).ports


def test_the_ring_has_room_for_a_row_and_what_is_under_way() -> None:
    for positions in (1, 2, 4):
        geometry = SoftmaxGeometry(**SIZES, positions=positions)
        assert geometry.ring_depth >= 16 // positions + geometry.record
        assert geometry.ring_depth & geometry.ring_depth - 1 == 0


def test_several_positions_take_more_stages() -> None:
    assert [more_stages(n) for n in (1, 2, 4)] == [0, 3, 5]
    assert SoftmaxGeometry(**SIZES).record == RECORD > SCALE
    assert SoftmaxGeometry(**SIZES, positions=4).record == RECORD + 5


def test_powers_of_e_are_powers_of_two() -> None:
    assert abs(LOG2E / 2**24 - np.log2(np.e)) < 2**-25


def test_a_sum_of_the_largest_mantissas_fits() -> None:
    geometry = SoftmaxGeometry(**SIZES)
    assert 16 * (2 << geometry.sum_frac) - 1 < 1 << geometry.sum_width
    assert geometry.sum_frac == geometry.out.frac + 4 + 4
