# SPDX-License-Identifier: Apache-2.0
"""Rotations of pairs of features by angles of the positions, told by their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...graph import Scaling
from .frequencies import base_and_scaling
from .no_layer_error import NoLayerError

__all__ = ["Rotation", "rotation_of"]

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_CLOSE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Pairs of features of a head, each rotated by an angle of its own frequency.

    firsts, seconds: of each pair: first * cos - second * sin, second * cos + first * sin
    base, scaling: of the frequencies, as ``Angles`` has them; amplitude: factor of the result
    """

    firsts: tuple[int, ...]
    seconds: tuple[int, ...]
    base: float
    scaling: Scaling | None
    amplitude: float

    def order(self, size: int) -> Ints:
        """All features of a head: the firsts in its first half, the seconds in the other, and
        half of those that are not rotated behind each."""
        others = sorted({*range(size)} - {*self.firsts, *self.seconds})
        half = len(others) // 2
        return np.array([*self.firsts, *others[:half], *self.seconds, *others[half:]])


def rotation_of(features: Sequence[Ints], factors: Sequence[Reals]) -> tuple[Ints, Rotation | None]:
    """The own feature of each element [heads, head_dim], and how pairs are rotated.

    features: of each term [heads, head_dim]; factors: of each term [rows, head_dim]

    Raises ``NoLayerError`` for sums that are no rotation.
    """
    used = [index for index, factor in enumerate(factors) if np.abs(factor).max() > 0]
    if len(used) == 1 and (factors[used[0]] == factors[used[0]][:1]).all():
        return features[used[0]], None
    rows, size = factors[0].shape
    if rows < 2:
        raise NoLayerError("rotations must be exported for more than one row")
    own, cosine, sine, pair = _terms(features, factors)
    amplitude = float(np.hypot(cosine, sine)[0].max())
    if np.abs(np.hypot(cosine, sine) - amplitude).max() > _CLOSE * amplitude:
        raise NoLayerError("rotations must keep the length of each pair")
    cosine, sine = cosine / amplitude, sine / amplitude
    firsts = [d for d in range(size) if sine[1, d] < 0]
    seconds = [int(pair[d]) for d in firsts]
    still = [d for d in range(size) if np.abs(sine[:, d]).max() == 0]
    if sorted((*firsts, *seconds, *still)) != list(range(size)):
        raise NoLayerError("rotations must be of pairs of features of a head")
    angles = np.arctan2(-sine[1, firsts], cosine[1, firsts])
    rotated = np.arange(rows)[:, None] * angles
    for chosen, wanted in (
        (cosine[:, firsts], np.cos(rotated)),
        (cosine[:, seconds], np.cos(rotated)),
        (-sine[:, firsts], np.sin(rotated)),
        (sine[:, seconds], np.sin(rotated)),
    ):
        if np.abs(chosen - wanted).max() > _CLOSE:
            raise NoLayerError("rotations must be by angles that grow evenly with the position")
    base, scaling = base_and_scaling(angles)
    return own, Rotation(
        firsts=tuple(firsts),
        seconds=tuple(seconds),
        base=base,
        scaling=scaling,
        amplitude=1.0 if abs(amplitude - 1) < 1e-6 else amplitude,
    )


def _terms(features: Sequence[Ints], factors: Sequence[Reals]) -> tuple[Ints, Reals, Reals, Ints]:
    """Of each element: its own feature [heads, size], the factors of that and of its partner
    [rows, size], and which element of the head the partner is [size]."""
    rows, size = factors[0].shape
    heads = len(features[0])
    own: Ints = np.full((heads, size), -1)
    # At position 0 nothing is rotated: the own feature is the one that is there.
    for feature, factor in zip(features, factors, strict=True):
        there = np.abs(factor[0]) > _CLOSE
        own[:, there] = feature[:, there]
    if (own < 0).any():
        raise NoLayerError("rotations must start with an angle of 0 at the first position")
    cosine, sine = np.zeros((rows, size)), np.zeros((rows, size))
    pair = np.arange(size)
    places = {int(feature): d for d, feature in enumerate(own[0])}
    for feature, factor in zip(features, factors, strict=True):
        used = np.abs(factor).max(axis=0) > 0
        same = (feature == own).all(axis=0)
        cosine += np.where(same & used, factor, 0)
        for d in np.flatnonzero(used & ~same):
            partner = places.get(int(feature[0, d]))
            if partner is None or (feature[:, d] != own[:, partner]).any():
                raise NoLayerError("rotations must be of pairs of features of a head")
            if pair[d] not in (d, partner):
                raise NoLayerError("each feature must be rotated with one other")
            pair[d] = partner
            sine[:, d] += factor[:, d]
    return own, cosine, sine, pair
