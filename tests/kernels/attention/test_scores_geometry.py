# SPDX-License-Identifier: Apache-2.0
"""Sizes of the attention scores."""

import pytest

from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.scores_geometry import ScoresGeometry

SIZES = {"tokens": 2, "heads": 4, "head_dim": 8, "context": 16, "lanes": 2}


def test_a_spec_is_a_geometry_with_the_same_ports() -> None:
    geometry, spec = ScoresGeometry(**SIZES), ScoresSpec(**SIZES)
    assert isinstance(spec, ScoresGeometry)
    assert spec.ports == geometry.ports
    assert spec != geometry and hash(spec) == hash(ScoresSpec(**SIZES))


def test_registers_and_sums_follow_from_the_lanes() -> None:
    geometry = ScoresGeometry(**SIZES)
    assert (geometry.fold, geometry.depth) == (4, 5)
    largest = 8 * (1 << 15) * (1 << 7)
    assert largest < 1 << geometry.sum_width - 1


def test_refuses_a_negative_shift() -> None:
    with pytest.raises(ValueError, match="shift must be at least 0, not -1"):
        ScoresGeometry(**SIZES, shift=-1)
