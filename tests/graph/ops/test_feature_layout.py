# SPDX-License-Identifier: Apache-2.0
"""Rows keep their elements when they are padded, with zeros behind every axis."""

import numpy as np
import pytest

from streamhw.graph.ops.feature_layout import (
    AxisRole,
    FeatureLayout,
    RowAxis,
    finest,
    fixed,
    heads_of,
    plain,
)

HEADS = FeatureLayout(
    (
        RowAxis(AxisRole.HEADS, 2, 3),
        RowAxis(AxisRole.FIXED, 2, 2),
        RowAxis(AxisRole.CHANNELS, 3, 4),
    )
)


def test_elements_move_behind_the_padding_of_each_axis() -> None:
    padded = HEADS.pad(np.arange(1, 25).reshape(12, 2), 0)
    assert (HEADS.natural, HEADS.padded, padded.shape) == (12, 24, (24, 2))
    first = padded[:, 0].reshape(3, 2, 4)
    assert first.tolist() == [
        [[1, 3, 5, 0], [7, 9, 11, 0]],
        [[13, 15, 17, 0], [19, 21, 23, 0]],
        [[0, 0, 0, 0], [0, 0, 0, 0]],
    ]


def test_an_axis_of_another_extent_is_refused() -> None:
    with pytest.raises(ValueError, match="Axis 1 must have 12 elements"):
        HEADS.pad(np.zeros((12, 2)), -1)


def test_an_axis_is_never_padded_to_less() -> None:
    with pytest.raises(ValueError, match="Axis must be padded to 4 or more, not 3"):
        RowAxis(AxisRole.FEATURES, 4, 3)


def test_parts_of_a_layout() -> None:
    assert HEADS.heads == 3
    assert HEADS.head.padded == 8
    assert plain(5).heads == 1
    assert plain(5).head == plain(5)
    assert HEADS.repeated(3).padded == 72


def test_the_finest_cut_of_a_row_is_taken() -> None:
    whole, heads = plain(12), heads_of(2, 6)
    assert finest([whole, heads]) == heads
    assert finest([heads, fixed(12), whole]) == fixed(12)
    with pytest.raises(ValueError, match="A row of 12 features must be cut in one way"):
        finest([heads, heads_of(3, 4)])
