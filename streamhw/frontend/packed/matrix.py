# SPDX-License-Identifier: Apache-2.0
"""A matrix of codes with scales, as its checkpoint has it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ...numerics.element_format import ElementFormat

__all__ = ["Codes", "HasCodes", "PackedMatrix"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Codes:
    """The integers of a matrix [outputs, inputs].

    codes: as stored, without their zero points; zeros: [outputs, groups]; scales: likewise
    columns: the group of each column
    """

    codes: NDArray[np.int16]
    zeros: NDArray[np.int16]
    scales: Floats
    columns: NDArray[np.int64]

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
        if not self.symmetric:
            return "zero points differ"
        if group is None:
            return "columns are in the order of their activations"
        wanted = weights.scale_group or len(self.columns)
        if weights.levels or group % wanted:
            return f"groups have {group} columns, not a multiple of {wanted}"
        codes = self.signed()
        if codes.min() < weights.minimum or codes.max() > weights.maximum:
            return f"codes are from {codes.min()} to {codes.max()}"
        return None if (self.scales > 0).all() else "scales are not all above 0"

    def floats(self) -> Floats:
        """What they stand for."""
        return self.signed() * self.scales[:, self.columns]


@dataclass(frozen=True, kw_only=True)
class PackedMatrix:
    """A stored tensor whose codes are unpacked each time it is read."""

    shape: tuple[int, int]
    unpack: Callable[[], Codes] = field(repr=False)
    kind: str = "F32"

    def read(self) -> Floats:
        return self.unpack().floats()


@runtime_checkable
class HasCodes(Protocol):
    """Weights of which some are stored as codes."""

    def stored_codes(self, name: str) -> Codes | None:
        """The codes of a matrix [outputs, inputs], if the checkpoint has such, as they are."""
        ...
