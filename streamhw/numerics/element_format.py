# SPDX-License-Identifier: Apache-2.0
"""Number formats of weights: codes, the integers that they stand for, how memory holds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..extensions import combined, extensions

__all__ = ["BUILT_IN", "GROUP", "OFFSET_BITS", "ElementFormat", "element_format"]
__all__ += ["element_formats", "integer_format"]

GROUP = "streamhw.number_format"
"""Entry points that name an ``ElementFormat``."""

WIDTHS = (2, 4, 8)
"""Bits of a code: a byte has a whole number of them."""
_OPERAND = 8
"""Bits of the activations that weights are multiplied with."""
OFFSET_BITS = 4
"""An LSB of a group's offset is 16 of its multiplier: offsets are as large as 8 times the greatest
step, and have 8 bits, too."""


@dataclass(frozen=True, kw_only=True)
class ElementFormat:
    """Codes of a matrix's weights, and the integers that activations are multiplied with.

    name: as configurations name it, an identifier
    bits: of a code in memory and on the way to the multipliers: 2, 4 or 8
    minimum, maximum: the integers that are used
    levels: the integer of each code, if that is not the code itself in two's complement; they need
        not be equally far apart
    scale_group: input columns that share an 8-bit multiplier; ``None``: one scale a row
    has_offsets: whether they share an 8-bit offset, too, so that their least and their greatest
        weight may have any sign
    smoothing: how far activation scales follow the channels' ranges: 1 entirely, 0 leaves weights
        of one magnitude
    compensated: whether each column's rounding error is spread over the columns not yet rounded
    """

    name: str
    bits: int
    minimum: int
    maximum: int
    levels: tuple[int, ...] = ()
    scale_group: int | None = None
    has_offsets: bool = False
    smoothing: float = 1.0
    compensated: bool = False

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"Number format must be named by an identifier, not {self.name!r}")
        if self.bits not in WIDTHS:
            raise ValueError(f"Number format {self.name} must have 2, 4 or 8 bits, not {self.bits}")
        if self.levels:
            self._check_levels()
        limit = 1 << (self.value_bits - 1)
        if not -limit <= self.minimum < 0 < self.maximum < limit:
            raise ValueError(
                f"Codes of {self.name} must be from {-limit} to {limit - 1} with 0 inside, not "
                f"{self.minimum} to {self.maximum}"
            )
        if self.scale_group is not None and self.scale_group < 1:
            raise ValueError(f"Scale group of {self.name} must be positive, not {self.scale_group}")
        if self.has_offsets and self.scale_group is None:
            raise ValueError(f"Scale group of {self.name} must be given with offsets, not None")

    def _check_levels(self) -> None:
        count, known = 1 << self.bits, set(self.levels)
        if len(self.levels) != count or not known <= set(range(-128, 128)):
            raise ValueError(
                f"Levels of {self.name} must be {count} integers of 8 bits, one a code, not "
                f"{len(self.levels)} from {min(known)} to {max(known)}"
            )
        if (min(known), max(known)) != (self.minimum, self.maximum):
            raise ValueError(
                f"Levels of {self.name} must be from {self.minimum} to {self.maximum}, not from "
                f"{min(known)} to {max(known)}"
            )

    @property
    def value_bits(self) -> int:
        """Bits of the integers that multipliers take, with their sign."""
        if not self.levels:
            return self.bits
        return 1 + max(level if level >= 0 else ~level for level in self.levels).bit_length()

    @property
    def product_bits(self) -> int:
        """Bits of a weight times an activation."""
        return self.value_bits + _OPERAND

    @property
    def largest_product(self) -> int:
        """Magnitude that no weight times an activation exceeds: sums are as wide as it asks."""
        return 1 << (self.product_bits - 2)

    def group_bytes(self, columns: int) -> int:
        """Bytes of all multipliers of a row, and of its offsets; 0 without groups."""
        if self.scale_group is None:
            return 0
        return -(-columns // self.scale_group) * (1 + self.has_offsets)

    def round(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The nearest integers that codes stand for."""
        if not self.levels:
            return np.asarray(np.clip(np.rint(values), self.minimum, self.maximum))
        levels = np.unique(np.array(self.levels, dtype=np.float32))
        return np.asarray(levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, values)])

    def encode(self, values: NDArray[Any]) -> NDArray[np.int8]:
        """Codes of integers that ``round`` gives, signed."""
        if not self.levels:
            return np.asarray(values).astype(np.int8, copy=False)
        table: NDArray[np.int8] = np.zeros(256, dtype=np.int8)
        for number, level in reversed([*enumerate(self.levels)]):
            table[level] = number - ((number >> (self.bits - 1)) << self.bits)
        return np.asarray(table[np.asarray(values).astype(np.int64)])

    def decode(self, codes: NDArray[Any]) -> NDArray[Any]:
        """The integers that codes stand for."""
        if not self.levels:
            return codes
        mask = (1 << self.bits) - 1
        levels = np.array(self.levels, dtype=np.int64)
        return np.asarray(levels[np.asarray(codes).astype(np.int64) & mask])

    def packed_bytes(self, codes: int) -> int:
        """Bytes of so many codes."""
        return -(-codes * self.bits // 8)

    def pack(self, values: NDArray[np.int8]) -> NDArray[np.uint8]:
        """The codes of integers [rows, columns] as they lie in memory, the first in the lowest
        bits."""
        found = np.ascontiguousarray(self.encode(values)).view(np.uint8)
        each = 8 // self.bits
        if found.shape[1] % each:
            found = np.pad(found, ((0, 0), (0, -found.shape[1] % each)))
        if each == 1:
            return found
        mask = np.uint8((1 << self.bits) - 1)
        packed: NDArray[np.uint8] = found[:, 0::each] & mask
        for place in range(1, each):
            packed |= (found[:, place::each] & mask) << np.uint8(place * self.bits)
        return packed

    def __str__(self) -> str:
        return self.name


def integer_format(
    bits: int, scale_group: int | None = None, *, has_offsets: bool = False
) -> ElementFormat:
    """``int4``, ``int4g64``, ``int8``, ...: 4 bits use all 16 codes; 8 bits stay symmetric.

    has_offsets: a minimum for each group, as it were: ``int4g32m``
    """
    most = (1 << (bits - 1)) - 1
    groups = "" if scale_group is None else f"g{scale_group}"
    return ElementFormat(
        name=f"int{bits}{groups}{'m' if has_offsets else ''}",
        bits=bits,
        minimum=-most - 1 if bits == 4 else -most,
        maximum=most,
        scale_group=scale_group,
        has_offsets=has_offsets,
        smoothing=0.5 if bits == 4 else 1.0,
        compensated=bits == 4,
    )


BUILT_IN: Mapping[str, ElementFormat] = {
    f.name: f
    for f in (
        integer_format(4, 64),
        integer_format(4, 32),
        integer_format(4, 32, has_offsets=True),
        integer_format(4),
        integer_format(8, 64),
        integer_format(8),
    )
}
"""The formats that have a name without a package; others of their kind are made by
``integer_format``."""


def element_formats() -> Mapping[str, ElementFormat]:
    """All formats that are installed, by name.

    Raises ``UserError`` if an entry point is broken, or two formats have one name.
    """
    added = extensions(GROUP, ElementFormat)
    return combined("Number format", BUILT_IN, ((e.value.name, e) for e in added))


def element_format(name: str) -> ElementFormat:
    """The format of that name; raises ``ValueError`` if there is none."""
    known = element_formats()
    if name not in known:
        raise ValueError(f"Number format must be one of {', '.join(known)}, not {name!r}")
    return known[name]
