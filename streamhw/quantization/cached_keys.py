# SPDX-License-Identifier: Apache-2.0
"""Keys of a cache of 4 bits: what is taken off each feature, and scales that even out the noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..graph import Array, Attention, Floats
from ..numerics.fixed import Fixed

__all__ = ["CACHED", "CENTERED", "LIFTED", "KeyMoments", "balanced_scales", "key_sums"]

Reals = NDArray[np.float64]

CACHED = Fixed(10)
"""Elements that the codes of a cache of 4 bits are found from, and that they come back as."""
CENTERED = Fixed(16)
"""Keys from which their offsets are still to be taken."""
LIFTED = Fixed(12)
"""Keys that come back, those of the first position with what their offset was too large."""
_REACH = 5
"""Standard deviations of a feature that ``CACHED`` reaches: a group's scale follows its largest
element, so that spare bits cost little."""
_FLOOR = 1e-6
"""Of the mean power of a head, what each feature has at least: padding has none."""


@dataclass(frozen=True, kw_only=True)
class KeyMoments:
    """What calibration saw of the keys and queries of an attention node in a layer.

    first: mean of the keys at the first position, and usual: at all others; square: mean square of
    the latter; queries: mean square of the queries that read each feature of the keys
    """

    first: Reals
    usual: Reals
    square: Reals
    queries: Reals

    @classmethod
    def of_sums(cls, sums: tuple[Floats, ...]) -> "KeyMoments":
        """From what ``key_sums`` gave of all tokens."""
        counts, first, usual, square, queries = (a.astype(np.float64) for a in sums)
        firsts, others = counts[0], max(1.0, counts[1])
        return cls(
            first=first / firsts,
            usual=usual / others,
            square=square / others,
            queries=queries / (firsts + counts[1]),
        )


def key_sums(op: Attention, inputs: tuple[Array, ...]) -> tuple[Floats, ...]:
    """Sums over the tokens of windows [..., n, features]: how many are first, and how many not,
    and those of ``KeyMoments``."""
    queries, keys, _ = inputs
    keys = keys.reshape(-1, *keys.shape[-2:])
    first, others = keys[:, 0], keys[:, 1:]
    heads = queries.reshape(-1, op.kv_heads, op.heads // op.kv_heads, op.head_dim)
    powers = np.einsum("nhsd,nhsd->hd", heads, heads) / np.float32(heads.shape[2])
    count = np.array([len(first), others.shape[0] * others.shape[1]], dtype=np.float32)
    return (
        count,
        first.sum(axis=0),
        others.sum(axis=(0, 1)),
        np.einsum("bnk,bnk->k", others, others),
        powers.reshape(-1).astype(np.float32),
    )


def balanced_scales(
    moments: KeyMoments, peaks: Reals | None, tied: NDArray[np.int64], head_dim: int
) -> Reals:
    """Scales of keys as ``CACHED``, such that an equal error of all features of a head is what
    costs least of the scores: with deviation d of a feature and queries of size q on it, the error
    that d makes the group's scale have counts by q, so that scales are as the root of d / q.

    peaks: greatest magnitudes that must be in range; ``None``: what is off the usual key counts
    tied: features of the same number must have one scale
    """
    power = moments.square if peaks is not None else moments.square - moments.usual**2
    power, queries = (_alike(_floored(a, head_dim), tied) for a in (power, moments.queries))
    shape = (power / queries) ** 0.25
    reach = _REACH * np.sqrt(power) if peaks is None else peaks
    widest = (reach / shape).reshape(-1, head_dim).max(axis=1)
    return np.asarray(shape * np.repeat(widest, head_dim) / CACHED.maximum)


def _floored(power: Reals, head_dim: int) -> Reals:
    heads = power.reshape(-1, head_dim)
    least = np.maximum(_FLOOR * heads.mean(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.maximum(heads, least).reshape(-1))


def _alike(power: Reals, tied: NDArray[np.int64]) -> Reals:
    """Means over the features that are tied."""
    sums = np.bincount(tied, weights=power) / np.maximum(1, np.bincount(tied))
    return np.asarray(sums[tied])
