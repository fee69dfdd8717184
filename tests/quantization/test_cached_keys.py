# SPDX-License-Identifier: Apache-2.0
"""Moments of keys and queries, and the scales that follow from them."""

import numpy as np

from streamhw.graph import Attention
from streamhw.quantization.cached_keys import CACHED, KeyMoments, balanced_scales, key_sums

OP = Attention(heads=4, kv_heads=2, head_dim=4)
RNG = np.random.default_rng(1)
QUERIES = RNG.normal(size=(3, 5, 16)).astype(np.float32)
KEYS = RNG.normal(2, 1, size=(3, 5, 8)).astype(np.float32)


def moments() -> KeyMoments:
    batches = [key_sums(OP, (QUERIES[part], KEYS[part], KEYS[part])) for part in ([0], [1, 2])]
    return KeyMoments.of_sums(tuple(a + b for a, b in zip(*batches, strict=True)))


def test_moments_are_those_of_all_windows() -> None:
    found = moments()
    assert np.allclose(found.first, KEYS[:, 0].mean(axis=0), atol=1e-5)
    assert np.allclose(found.usual, KEYS[:, 1:].mean(axis=(0, 1)), atol=1e-5)
    assert np.allclose(found.square, (KEYS[:, 1:] ** 2).mean(axis=(0, 1)), rtol=1e-5)
    shared = QUERIES.reshape(-1, 2, 2, 4)
    assert np.allclose(found.queries, (shared**2).mean(axis=(0, 2)).reshape(-1), rtol=1e-5)


def test_scales_balance_keys_and_queries() -> None:
    found = moments()
    scales = balanced_scales(found, None, np.arange(8), 4)
    deviation = np.sqrt(found.square - found.usual**2)
    ratio = (scales**2 * np.sqrt(found.queries) / deviation).reshape(2, 4)
    assert np.allclose(ratio, ratio[:, :1])
    reach = (5 * deviation / scales).reshape(2, 4).max(axis=1)
    assert np.allclose(reach, CACHED.maximum)


def test_peaks_are_in_range_where_keys_are_not_centered() -> None:
    peaks = np.abs(KEYS).max(axis=(0, 1)).astype(np.float64)
    scales = balanced_scales(moments(), peaks, np.arange(8), 4)
    assert np.allclose((peaks / scales).reshape(2, 4).max(axis=1), CACHED.maximum)


def test_tied_features_have_one_scale_and_padding_some() -> None:
    tied = np.array([0, 1, 0, 1, 2, 3, 2, 3])
    found = moments()
    zeros = np.where(np.arange(8) < 7, 1, 0)
    padded = KeyMoments(
        first=found.first * zeros,
        usual=found.usual * zeros,
        square=found.square * zeros,
        queries=found.queries * zeros,
    )
    scales = balanced_scales(padded, None, tied, 4)
    assert (scales[[0, 1, 4, 5]] == scales[[2, 3, 6, 7]]).all()
    assert np.isfinite(scales).all() and (scales > 0).all()
