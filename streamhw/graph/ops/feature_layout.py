# SPDX-License-Identifier: Apache-2.0
"""How the features of a row are cut into heads and parts, and where padding goes between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["AxisRole", "FeatureLayout", "RowAxis", "finest", "fixed", "heads_of", "plain"]

T = TypeVar("T", bound=np.generic)


class AxisRole(Enum):
    """What an axis of a row counts, and so how it may be padded."""

    FIXED = "fixed"
    """Never padded: parts of a product's results, halves of a head, classes."""
    FEATURES = "features"
    """Padded behind its end."""
    HEADS = "heads"
    """Padded by heads of zeros."""
    CHANNELS = "channels"
    """Channels of a head, or of half of one; padded behind its end."""


@dataclass(frozen=True)
class RowAxis:
    """One extent of a row that is read as an array.

    natural: extent in the model
    padded: extent in hardware, at least as much
    """

    role: AxisRole
    natural: int
    padded: int

    def __post_init__(self) -> None:
        if not 1 <= self.natural <= self.padded:
            raise ValueError(f"Axis must be padded to {self.natural} or more, not {self.padded}")


@dataclass(frozen=True)
class FeatureLayout:
    """A row as an array, outermost axis first; padding is zeros behind each axis."""

    axes: tuple[RowAxis, ...]

    @property
    def natural(self) -> int:
        """Features in the model."""
        return prod(axis.natural for axis in self.axes)

    @property
    def padded(self) -> int:
        """Features in hardware."""
        return prod(axis.padded for axis in self.axes)

    @property
    def is_padded(self) -> bool:
        return self.natural != self.padded

    @property
    def heads(self) -> int:
        """Padded number of heads; 1 if a row is not cut into heads."""
        return prod(axis.padded for axis in self.axes if axis.role is AxisRole.HEADS)

    @property
    def head(self) -> "FeatureLayout":
        """The layout of one head: the axes behind that of heads; of the row if it has none."""
        roles = [axis.role for axis in self.axes]
        begin = roles.index(AxisRole.HEADS) + 1 if AxisRole.HEADS in roles else 0
        return FeatureLayout(self.axes[begin:])

    def repeated(self, count: int) -> "FeatureLayout":
        """A row of ``count`` such rows."""
        return FeatureLayout((RowAxis(AxisRole.FIXED, count, count), *self.axes))

    def pad(self, values: NDArray[T], axis: int) -> NDArray[T]:
        """``values`` with zeros where ``axis`` is padded.

        Raises ``ValueError`` if that axis has not the natural extent.
        """
        axis %= values.ndim
        if values.shape[axis] != self.natural:
            raise ValueError(f"Axis {axis} must have {self.natural} elements, not {values.shape}")
        if not self.is_padded:
            return values
        before, behind = values.shape[:axis], values.shape[axis + 1 :]
        cut = values.reshape(*before, *(a.natural for a in self.axes), *behind)
        room: list[tuple[int, int]] = [(0, 0)] * cut.ndim
        for place, a in enumerate(self.axes, len(before)):
            room[place] = (0, a.padded - a.natural)
        return np.pad(cut, room).reshape(*before, self.padded, *behind)


def plain(features: int) -> FeatureLayout:
    """A row of features that may be padded behind its end."""
    return FeatureLayout((RowAxis(AxisRole.FEATURES, features, features),))


def fixed(features: int) -> FeatureLayout:
    """A row that keeps its size."""
    return FeatureLayout((RowAxis(AxisRole.FIXED, features, features),))


def heads_of(heads: int, head_dim: int) -> FeatureLayout:
    """A row of heads that may be padded; even ones in two halves, as rotary embeddings do."""
    halves = (RowAxis(AxisRole.FIXED, 2, 2),) if head_dim % 2 == 0 else ()
    channels = head_dim // 2 if halves else head_dim
    return FeatureLayout(
        (
            RowAxis(AxisRole.HEADS, heads, heads),
            *halves,
            RowAxis(AxisRole.CHANNELS, channels, channels),
        )
    )


def finest(layouts: Sequence[FeatureLayout]) -> FeatureLayout:
    """The layout among those of one row that cuts it most; a fixed one wins.

    Raises ``ValueError`` if another cuts it elsewhere.
    """
    for layout in layouts:
        if len(layout.axes) == 1 and layout.axes[0].role is AxisRole.FIXED:
            return layout
    best = max(layouts, key=lambda layout: len(layout.axes))
    cuts = _cuts(best)
    for layout in layouts:
        if not _cuts(layout) <= cuts:
            raise ValueError(f"A row of {best.natural} features must be cut in one way, not two")
    return best


def _cuts(layout: FeatureLayout) -> set[int]:
    """Sizes of the runs into which the axes cut a row."""
    sizes = [axis.natural for axis in layout.axes]
    return {prod(sizes[k:]) for k in range(len(sizes))}
