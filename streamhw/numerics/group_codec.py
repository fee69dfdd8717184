# SPDX-License-Identifier: Apache-2.0
"""Signed elements as 4-bit codes, groups of which share a scale: what the cache keeps of a row."""

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from .fixed import Fixed, round_shift

__all__ = ["CODE", "GROUP", "LIFT", "OFFSETS", "SCALE", "GroupCodec", "group_of"]

Ints = NDArray[np.int64]

CODE = Fixed(4)
SCALE = Fixed(8)
"""A scale, at most 127; its sign bit says that it is of the first position."""
OFFSETS = Fixed(32, signed=False)
"""What is taken off a feature before: s16 at all positions but the first in the low half, s16 at
the first in the high half."""
GROUP = 8
"""Elements that share a scale, if a head can be cut so."""
LIFT = Fixed(16)
"""What is added to a feature of the first position when it comes back."""


def group_of(head_dim: int) -> int:
    """Elements of a head that share a scale."""
    return gcd(GROUP, head_dim)


@dataclass(frozen=True, kw_only=True)
class GroupCodec:
    """Scales are linear: multiples of 2**-frac LSB of the elements, the smallest that keeps the
    largest element of a group within 7 codes. All is integers, with a multiplication by a
    constant instead of the division by 7, and by an inverse instead of that by the scale.

    element: of what is encoded and of what comes back, 8 to 10 bits
    group: elements of a scale

    Error   half a scale for each element, and half an LSB; more where the scale saturates, beyond
            889 * 2**-frac
    Raises  ValueError: if the element is unsigned or of other bits, or a group is empty
    """

    element: Fixed
    group: int = GROUP

    SEVENTH = 585
    """Of 4096: (7 * n * 585 + 4095) >> 12 is n up to n = 150."""
    SEVENTH_BITS = 12
    INVERSE_BITS = 15

    def __post_init__(self) -> None:
        if not self.element.signed or not 8 <= self.element.width <= 10:
            raise ValueError(f"element must be signed with 8 to 10 bits, not {self.element}")
        if self.group < 1:
            raise ValueError(f"group must be at least 1, not {self.group}")

    @property
    def frac(self) -> int:
        """Fraction bits of scales, relative to an LSB of the elements."""
        return 11 - self.element.width

    @property
    def inverses(self) -> tuple[int, ...]:
        """Of all scales, with 15 fraction bits; that of 0 is 0."""
        return (0, *(round(2**self.INVERSE_BITS / n) for n in range(1, SCALE.maximum + 1)))

    def encode(self, x: Ints) -> tuple[Ints, Ints]:
        """Codes [..., n] and scales [..., n / group] of elements [..., n]."""
        x = np.asarray(x, dtype=np.int64)
        grouped = x.reshape(*x.shape[:-1], -1, self.group)
        peak = np.abs(grouped).max(axis=-1) << self.frac
        scale = peak * self.SEVENTH + (1 << self.SEVENTH_BITS) - 1 >> self.SEVENTH_BITS
        scale = np.minimum(scale, SCALE.maximum)
        inverse = np.asarray(self.inverses, dtype=np.int64)[scale]
        exact = grouped * inverse[..., None]
        codes = CODE.saturate(round_shift(exact, self.INVERSE_BITS - self.frac))
        return codes.reshape(x.shape), scale

    def decode(self, codes: Ints, scales: Ints) -> Ints:
        """Elements of codes [..., n] and scales [..., n / group]."""
        codes = np.asarray(codes, dtype=np.int64)
        grouped = codes.reshape(*codes.shape[:-1], -1, self.group)
        exact = grouped * np.asarray(scales, dtype=np.int64)[..., None]
        return self.element.saturate(round_shift(exact, self.frac)).reshape(codes.shape)
