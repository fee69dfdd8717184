# SPDX-License-Identifier: Apache-2.0
"""What calibration saw of a model's values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..graph import Floats

__all__ = ["Key", "Moments", "Statistics"]

Key = tuple[str, int | None]
"""A value's name and its layer, ``None`` outside loops."""


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Of a Linear's inputs: mean, mean square, and mean outer product if it was asked for."""

    mean: Floats
    square: Floats
    outer: Floats | None


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """largest: greatest magnitude of each feature of each value; moments: of those that matrices
    are multiplied with; inner: greatest magnitude that matters inside of nodes that say theirs

    sums: over all tokens, of nodes that say theirs
    source: the tokens in words, for reports; tokens: how many
    """

    largest: Mapping[Key, Floats]
    moments: Mapping[Key, Moments]
    inner: Mapping[Key, float]
    source: str
    tokens: int
    sums: Mapping[Key, tuple[Floats, ...]] = field(default_factory=dict)
