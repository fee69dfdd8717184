# SPDX-License-Identifier: Apache-2.0
"""A matrix of codes with scales, as its checkpoint has it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ...numerics.element_format import ElementFormat

__all__ = ["Codes", "HasCodes", "PackedMatrix", "StoredCodes"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Codes:
    """The integers of a matrix [outputs, inputs].

    codes: as stored, without their zero points; zeros: [outputs, groups]; scales: likewise
    columns: the group of each column
    offsets: like the scales, what is added to all weights of a group; ``None``: 0
    """

    codes: NDArray[np.int16]
    zeros: NDArray[np.int16]
    scales: Floats
    columns: NDArray[np.int64]
    offsets: Floats | None = None

    @property
    def symmetric(self) -> bool:
        """Whether all zero points are the same, so that codes less it are signed integers."""
        return bool((self.zeros == self.zeros.flat[0]).all())

    @property
    def scale_group(self) -> int | None:
        """Neighboring columns that share a scale: groups of equal size in order, if they are that.

        All columns: one scale a row.
        """
        groups = self.scales.shape[1]
        size = len(self.columns) // groups
        in_order = np.arange(len(self.columns)) // max(1, size)
        return size if np.array_equal(self.columns, in_order) else None

    def signed(self) -> NDArray[np.int16]:
        """Codes less their zero points."""
        return self.codes - self.zeros[:, self.columns]

    def misfit(self, weights: ElementFormat) -> str | None:
        """Why a number format does not have these codes; ``None`` if it has them."""
        group = self.scale_group
        if not weights.has_offsets and self.offsets is not None:
            return "groups have offsets"
        if not weights.has_offsets and not self.symmetric:
            return "zero points differ"
        if group is None:
            return "columns are in the order of their activations"
        wanted = weights.scale_group or len(self.columns)
        if weights.levels or group % wanted:
            return f"groups have {group} columns, not a multiple of {wanted}"
        codes = self.fitted(weights)[0]
        if codes.min() < weights.minimum or codes.max() > weights.maximum:
            return f"codes are from {codes.min()} to {codes.max()}"
        return None if (self.scales > 0).all() else "scales are not all above 0"

    def fitted(self, weights: ElementFormat) -> tuple[NDArray[np.int16], Floats | None]:
        """The codes as a number format has them, if it does, and the offsets of their groups.

        Where it has offsets, zero points are part of them, and codes that count from 0 lie around
        it.
        """
        if not weights.has_offsets:
            return self.signed(), None
        middle = np.int16(0 if self.codes.min() < 0 else -weights.minimum)
        offsets = (middle - self.zeros) * self.scales
        return self.codes - middle, offsets if self.offsets is None else offsets + self.offsets

    def rows(self, step: int) -> "Codes":
        """Every so many of the rows."""
        return replace(
            self,
            codes=self.codes[::step],
            zeros=self.zeros[::step],
            scales=self.scales[::step],
            offsets=None if self.offsets is None else self.offsets[::step],
        )

    def floats(self) -> Floats:
        """What they stand for."""
        values = self.signed() * self.scales[:, self.columns]
        return values if self.offsets is None else values + self.offsets[:, self.columns]


@dataclass(frozen=True, kw_only=True)
class PackedMatrix:
    """A stored tensor whose codes are unpacked each time it is read."""

    shape: tuple[int, int]
    unpack: Callable[[], Codes] = field(repr=False)
    kind: str = "F32"

    def read(self) -> Floats:
        return self.unpack().floats()

    def codes(self) -> Codes:
        return self.unpack()


@runtime_checkable
class StoredCodes(Protocol):
    """A tensor in a file that may be a matrix of codes."""

    def codes(self) -> Codes | None:
        """The codes of a matrix, as they are; ``None`` for another tensor."""
        ...


@runtime_checkable
class HasCodes(Protocol):
    """Weights of which some are stored as codes."""

    def stored_codes(self, name: str) -> Codes | None:
        """The codes of a matrix [outputs, inputs], if the checkpoint has such, as they are."""
        ...
