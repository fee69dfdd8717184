# SPDX-License-Identifier: Apache-2.0
"""How numbers stand in files of the format FST: fixed ones, LEB128, and chains of changes."""

import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["chain", "packed", "varint", "word"]

LOW, MORE = 0x7F, 0x80


def word(number: int) -> bytes:
    """64 bits, the highest byte first."""
    return number.to_bytes(8, "big")


def varint(number: int, *, signed: bool = False) -> bytes:
    """LEB128, the lowest seven bits first; ``signed``: in two's complement."""
    found = bytearray()
    while True:
        digit, number = number & LOW, number >> 7
        last = number == (-(digit >> 6) if signed else 0)
        found.append(digit if last else digit | MORE)
        if last:
            return bytes(found)


def chain(numbers: NDArray[np.int64], rows: NDArray[np.uint8]) -> bytes:
    """Each number as LEB128, followed by its row of bytes.

    numbers: (n,), at least 0; rows: (n, bytes), which may have no columns
    """
    sizes = np.ones(len(numbers), dtype=np.int64)
    rest = numbers >> 7
    while rest.any():
        sizes += rest > 0
        rest = rest >> 7
    width = rows.shape[1]
    ends = np.cumsum(sizes + width)
    begins = ends - sizes - width
    found = np.empty(ends[-1] if len(ends) else 0, dtype=np.uint8)
    for digit in range(int(sizes.max(initial=0))):
        here = sizes > digit
        more = np.where(sizes[here] > digit + 1, MORE, 0)
        found[begins[here] + digit] = (numbers[here] >> (7 * digit) & LOW) | more
    found[(begins + sizes)[:, None] + np.arange(width)] = rows
    return found.tobytes()


def packed(data: bytes) -> bytes:
    """By zlib, or as it is if that is not smaller: readers tell by the length."""
    smaller = zlib.compress(data)
    return smaller if len(smaller) < len(data) else data
