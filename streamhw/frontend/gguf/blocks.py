# SPDX-License-Identifier: Apache-2.0
"""Blocks of a GGUF file whose weights are evenly spaced codes: the codes, scales and offsets."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..packed.matrix import Codes

__all__ = ["block_codes"]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

_GROUP = 32
_Parts = tuple[NDArray[np.int16], int, Floats, Floats | None]
"""Codes [rows, groups, 32], their zero point, scales and offsets [rows, groups]."""


def block_codes(kind: str, rows: Bytes) -> Codes | None:
    """The codes of rows of blocks of a type, by its name; ``None`` for other types.

    rows: the bytes of each row
    """
    read = _READERS.get(kind)
    if read is None:
        return None
    codes, zero, scales, offsets = read(rows)
    zeros: NDArray[np.int16] = np.full(scales.shape, zero, dtype=np.int16)
    if zero:  # scales of either sign: those below 0 count codes from the other end
        below = scales < 0
        codes = np.where(below[..., None], np.int16(_MOST) - codes, codes)
        zeros, scales = np.where(below, np.int16(_MOST) - zeros, zeros), np.abs(scales)
    count, groups = scales.shape
    return Codes(
        codes=codes.reshape(count, groups * _GROUP),
        zeros=zeros,
        scales=scales,
        columns=np.arange(groups * _GROUP) // _GROUP,
        offsets=offsets,
    )


_MOST = 15


def _floats(blocks: Bytes, begin: int) -> Floats:
    """The 16-bit float at a byte of each block."""
    found = np.ascontiguousarray(blocks[..., begin : begin + 2]).view(np.float16)[..., 0]
    return np.asarray(found, dtype=np.float32)


def _halves(packed: Bytes) -> NDArray[np.int16]:
    """Codes of 4 bits: the low ones of all bytes, then the high ones."""
    return np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.int16)


def _blocks(rows: Bytes, size: int) -> Bytes:
    return rows.reshape(len(rows), -1, size)


def _q4_0(rows: Bytes) -> _Parts:
    blocks = _blocks(rows, 18)
    return _halves(blocks[..., 2:]), 8, _floats(blocks, 0), None


def _q4_1(rows: Bytes) -> _Parts:
    blocks = _blocks(rows, 20)
    return _halves(blocks[..., 4:]), 0, _floats(blocks, 0), _floats(blocks, 2)


def _q8_0(rows: Bytes) -> _Parts:
    blocks = _blocks(rows, 34)
    codes = np.ascontiguousarray(blocks[..., 2:]).view(np.int8)
    return codes.astype(np.int16), 0, _floats(blocks, 0), None


def _q4_k(rows: Bytes) -> _Parts:
    """256 weights: 8 groups whose scales and minima have 6 bits, and a float for all of either."""
    blocks = _blocks(rows, 144)
    low, high, both = (blocks[..., at : at + 4] for at in (4, 8, 12))
    scales = np.concatenate([low & 63, (both & 15) | (low >> 6) << 4], axis=-1)
    minima = np.concatenate([high & 63, both >> 4 | (high >> 6) << 4], axis=-1)
    # A quarter of the bytes has two groups: one in the low halves, one in the high ones.
    quarters = _halves(blocks[..., 16:].reshape(*blocks.shape[:2], 4, _GROUP))
    count = len(rows)
    return (
        quarters.reshape(count, -1, _GROUP),
        0,
        (_floats(blocks, 0)[..., None] * scales).reshape(count, -1),
        (-_floats(blocks, 2)[..., None] * minima).reshape(count, -1),
    )


_READERS: Mapping[str, Callable[[Bytes], _Parts]] = {
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q4_K": _q4_k,
    "Q8_0": _q8_0,
}
