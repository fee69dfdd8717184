# SPDX-License-Identifier: Apache-2.0
"""Codes of a few bits in 32-bit words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["AWQ_ORDER", "packed", "unpacked"]

AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""The column, of each 8, that each 4 bits of a word hold; the lowest bits first."""


def unpacked(
    words: NDArray[Any], bits: int, axis: int, order: Sequence[int] | None = None
) -> NDArray[np.uint8]:
    """The codes in words, which follow each other along ``axis``; the lowest bits are the first."""
    each = 32 // bits
    moved = np.moveaxis(np.ascontiguousarray(words).view(np.uint32), axis, -1)
    shifts = np.arange(each, dtype=np.uint32) * np.uint32(bits)
    codes = ((moved[..., None] >> shifts) & np.uint32((1 << bits) - 1)).astype(np.uint8)
    if order is not None:
        codes = codes[..., np.argsort(order)]
    return np.moveaxis(codes.reshape(*moved.shape[:-1], -1), -1, axis)


def packed(
    codes: NDArray[Any], bits: int, axis: int, order: Sequence[int] | None = None
) -> NDArray[np.int32]:
    """The inverse of ``unpacked``: zeros fill the last word."""
    each = 32 // bits
    moved = np.moveaxis(codes, axis, -1).astype(np.uint32)
    rest = -moved.shape[-1] % each
    moved = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(0, rest)])
    parts = moved.reshape(*moved.shape[:-1], -1, each)
    if order is not None:
        parts = parts[..., list(order)]
    shifts = np.arange(each, dtype=np.uint32) * np.uint32(bits)
    words = np.bitwise_or.reduce(parts << shifts, axis=-1)
    return np.ascontiguousarray(np.moveaxis(words, -1, axis)).view(np.int32)
