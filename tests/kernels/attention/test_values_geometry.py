# SPDX-License-Identifier: Apache-2.0
"""Sizes of the attention values."""

import pytest

from streamhw.kernels.attention.values import ValuesSpec
from streamhw.kernels.attention.values_geometry import LATENCY, ValuesGeometry

SIZES = {
    "tokens": 2,
    "heads": 4,
    "head_dim": 8,
    "context": 16,
    "lanes": 8,
    "out_lanes": 8,
    "shift": 4,
}


def test_a_spec_is_a_geometry_with_the_same_ports() -> None:
    assert ValuesSpec(**SIZES).ports == ValuesGeometry(**SIZES).ports


@pytest.mark.parametrize(
    ("change", "beat", "ratio", "waits"),
    [
        ({}, 8, 1, False),
        ({"out_lanes": 4}, 8, 2, False),
        ({"lanes": 4, "out_lanes": 2}, 4, 2, True),
        ({"parallel_heads": 2}, 16, 2, False),
        ({"lanes": 2}, 2, 1, False),
    ],
)
def test_a_beat_is_cut_to_the_lanes_of_the_output(
    change: dict[str, int], beat: int, ratio: int, waits: bool
) -> None:
    geometry = ValuesGeometry(**SIZES | change)
    assert (geometry.beat, geometry.ratio, geometry.waits) == (beat, ratio, waits)


def test_parallel_positions_have_a_tree_in_front_of_the_ring() -> None:
    assert ValuesGeometry(**SIZES).depth == LATENCY
    assert ValuesGeometry(**SIZES, positions=4).depth == LATENCY + 2


def test_the_sum_cannot_overflow() -> None:
    shape = ValuesGeometry(**SIZES).sum_shape
    assert 1 << shape.width - 1 > 16 * ((1 << 16) - 1) * (1 << 7)
