# SPDX-License-Identifier: Apache-2.0
"""Number formats of weights: codes, how they lie in memory, and how many columns share a scale."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..extensions import combined, extensions

__all__ = ["BUILT_IN", "GROUP", "ElementFormat", "element_format", "element_formats"]
__all__ += ["integer_format"]

GROUP = "streamhw.number_format"
"""Entry points that name an ``ElementFormat``."""

WIDTHS = (4, 8)
"""Bits of a code that the multipliers of the matrix engine take."""
_OPERAND = 8
"""Bits of the activations that weights are multiplied with."""


@dataclass(frozen=True, kw_only=True)
class ElementFormat:
    """Integer codes of a matrix's weights.

    name: as configurations name it, an identifier
    bits: of a code in memory and in the multiplier: 4 or 8
    minimum, maximum: the codes that are used
    scale_group: input columns that share an 8-bit multiplier; ``None``: one scale a row
    smoothing: how far activation scales follow the channels' ranges: 1 entirely, 0 leaves weights
        of one magnitude
    compensated: whether each column's rounding error is spread over the columns not yet rounded
    """

    name: str
    bits: int
    minimum: int
    maximum: int
    scale_group: int | None = None
    smoothing: float = 1.0
    compensated: bool = False

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"Number format must be named by an identifier, not {self.name!r}")
        if self.bits not in WIDTHS:
            raise ValueError(f"Number format {self.name} must have 4 or 8 bits, not {self.bits}")
        limit = 1 << (self.bits - 1)
        if not -limit <= self.minimum < 0 < self.maximum < limit:
            raise ValueError(
                f"Codes of {self.name} must be from {-limit} to {limit - 1} with 0 inside, not "
                f"{self.minimum} to {self.maximum}"
            )
        if self.scale_group is not None and self.scale_group < 1:
            raise ValueError(f"Scale group of {self.name} must be positive, not {self.scale_group}")

    @property
    def product_bits(self) -> int:
        """Bits of a weight times an activation."""
        return self.bits + _OPERAND

    def groups(self, columns: int) -> int:
        """Multipliers of a row; 0 without."""
        return 0 if self.scale_group is None else -(-columns // self.scale_group)

    def round(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The nearest codes."""
        return np.asarray(np.clip(np.rint(values), self.minimum, self.maximum))

    def packed_bytes(self, codes: int) -> int:
        """Bytes of so many codes."""
        return -(-codes * self.bits // 8)

    def pack(self, codes: NDArray[np.int8]) -> NDArray[np.uint8]:
        """[rows, codes] as they lie in memory, the first in the lowest bits."""
        found = np.ascontiguousarray(codes).view(np.uint8)
        if self.bits == 8:
            return found
        if found.shape[1] % 2:
            found = np.pad(found, ((0, 0), (0, 1)))
        low, high = found[:, 0::2], found[:, 1::2]
        packed: NDArray[np.uint8] = np.bitwise_or(low & np.uint8(0x0F), high << np.uint8(4))
        return packed

    def __str__(self) -> str:
        return self.name


def integer_format(bits: int, scale_group: int | None = None) -> ElementFormat:
    """``int4``, ``int4g64``, ``int8``, ...: 4 bits use all 16 codes; 8 bits stay symmetric."""
    most = (1 << (bits - 1)) - 1
    return ElementFormat(
        name=f"int{bits}" if scale_group is None else f"int{bits}g{scale_group}",
        bits=bits,
        minimum=-most - 1 if bits == 4 else -most,
        maximum=most,
        scale_group=scale_group,
        smoothing=0.5 if bits == 4 else 1.0,
        compensated=bits == 4,
    )


BUILT_IN: Mapping[str, ElementFormat] = {
    f.name: f for f in (integer_format(4, 64), integer_format(4), integer_format(8))
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
