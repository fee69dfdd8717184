# SPDX-License-Identifier: Apache-2.0
"""Types of the streams of attention, against loops in Python."""

import numpy as np
import pytest

from streamhw.kernels.attention.stream_types import (
    cached_type,
    check_heads,
    check_lanes,
    check_positions,
    length_type,
    lengths_of,
    query_type,
    rounds_of,
    row_type,
    score_type,
)
from streamhw.numerics.fixed import Fixed

FMT = Fixed(16)
ROWS = {"tokens": 2, "heads": 4, "context": 4}
VALUES = {"tokens": 2, "length": [2, 3]}
LENGTHS = VALUES["length"]


def test_a_query_comes_again_for_each_position() -> None:
    query = np.arange(16).reshape(2, 8)
    beats = query_type(FMT, **ROWS, head_dim=2, lanes=2).pack(query, VALUES).tolist()
    assert beats == [
        query[t, 2 * h : 2 * h + 2].tolist()
        for t, length in enumerate(LENGTHS)
        for h in range(4)
        for _ in range(length)
    ]


@pytest.mark.parametrize("shared", [1, 2])
def test_cached_rows_come_for_each_query_head(shared: int) -> None:
    rows = np.arange(4 * 8 // shared).reshape(4, -1)
    kind = cached_type(FMT, **ROWS, head_dim=2, lanes=1, shared=shared)
    assert kind.pack(rows, VALUES).tolist() == [
        [rows[p, h // shared * 2 + e]]
        for length in LENGTHS
        for h in range(4)
        for p in range(length)
        for e in range(2)
    ]


def test_parallel_heads_pass_in_one_beat() -> None:
    scores = np.arange(32).reshape(2, 4, 4)
    kind = score_type(FMT, **ROWS, parallel_heads=2)
    assert kind.pack(scores, VALUES).tolist() == [
        scores[t, h : h + 2, p].tolist()
        for t, length in enumerate(LENGTHS)
        for h in (0, 2)
        for p in range(length)
    ]
    lengths = np.repeat(np.array(LENGTHS)[:, None], 2, axis=1)
    found = length_type(**ROWS, parallel_heads=2).pack(lengths, VALUES)
    assert found[:, 0].tolist() == [2, 2, 3, 3]


def test_parallel_positions_are_filled_with_zeros() -> None:
    scores = 1 + np.arange(32).reshape(2, 4, 4)
    found = score_type(FMT, **ROWS, positions=2).pack(scores, VALUES)
    assert found[0].tolist() == [1, 2]
    assert found[-1].tolist() == [int(scores[1, 3, 2]), 0]
    assert rounds_of(VALUES, tokens=2, context=4, positions=2).tolist() == [1, 2]


def test_lengths_are_the_bound_where_none_is_given() -> None:
    assert lengths_of({}, tokens=3, context=7).tolist() == [7, 7, 7]
    assert row_type(FMT, tokens=2, heads=2, head_dim=3, lanes=3).tensor_shape() == (2, 6)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="shared must divide the 4 heads, not 3"):
        check_heads(heads=4, shared=3, parallel_heads=1)
    with pytest.raises(ValueError, match="parallel_heads must be 1 or a multiple of the 4"):
        check_heads(heads=8, shared=4, parallel_heads=2)
    with pytest.raises(ValueError, match="lanes must be head_dim 8 where 2 heads pass"):
        check_lanes(head_dim=8, lanes=4, parallel_heads=2)
    with pytest.raises(ValueError, match=r"positions must be a power of two .* of 12, not 3"):
        check_positions(positions=3, context=12, head_dim=8, lanes=8)
    with pytest.raises(ValueError, match="lanes must be head_dim 8 where 2 positions pass"):
        check_positions(positions=2, context=12, head_dim=8, lanes=4)
