# SPDX-License-Identifier: Apache-2.0
"""A matrix of codes with scales, as its checkpoint has it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Codes", "PackedMatrix"]

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

    def floats(self) -> Floats:
        """What they stand for."""
        return self.signed() * self.scales[:, self.columns]


@dataclass(frozen=True, kw_only=True)
class PackedMatrix:
    """A stored tensor whose codes are unpacked each time it is read."""

    shape: tuple[int, int]
    unpack: Callable[[], Codes] = field(repr=False)
    kind: str = "F32"

    @cached_property
    def codes(self) -> Codes:
        return self.unpack()

    def read(self) -> Floats:
        return self.unpack().floats()
