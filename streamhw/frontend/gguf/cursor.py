# SPDX-License-Identifier: Apache-2.0
"""A place in the bytes of a file that moves on as numbers, texts and lists are read."""

import struct
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cursor", "DamagedError", "Value"]

Value: TypeAlias = int | float | bool | str | list[str] | NDArray[np.generic]
"""What metadata holds: lists of numbers are arrays."""

_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q",
            11: "<q", 12: "<d"}  # fmt: skip
"""Layouts of the types of metadata, by their numbers."""
_FLOAT, _TEXT, _ARRAY = 6, 8, 9
_MOST_TEXTS = 1 << 21
"""In one list: a vocabulary has up to a few hundred thousand."""


class DamagedError(Exception):
    """What is wrong with the file, as the end of a sentence about it."""


class Cursor:
    """Reads little-endian values; raises ``DamagedError`` where the file ends too early."""

    def __init__(self, data: NDArray[np.uint8]):
        self._data = data
        self.position = 0

    @property
    def left(self) -> int:
        return len(self._data) - self.position

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise DamagedError("it ends too early")
        begin = self.position
        self.position = begin + size
        return self._data[begin : self.position].tobytes()

    def number(self, layout: str) -> int:
        value: int = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def count(self, least: int) -> int:
        """A number of things, each of which takes at least so many bytes."""
        count = self.number("<Q")
        if count * least > self.left:
            raise DamagedError(f"it says that it has {count} parts, and it ends too early")
        return count

    def text(self) -> str:
        return self.take(self.count(1)).decode("utf-8", errors="replace")

    def value(self, kind: int) -> Value:
        """A value of metadata of this type."""
        if kind == _TEXT:
            return self.text()
        if kind == _ARRAY:
            return self._list(self.number("<I"))
        if kind not in _NUMBERS:
            raise DamagedError(f"its metadata has the unknown type {kind}")
        value = self.number(_NUMBERS[kind])
        # 1e-5 in 32 bits is 1e-5, not 9.999999747378752e-06.
        return float(str(np.float32(value))) if kind == _FLOAT else value

    def _list(self, kind: int) -> Value:
        if kind == _TEXT:
            count = self.count(8)
            if count > _MOST_TEXTS:
                raise DamagedError(f"its metadata has a list of {count} texts")
            return [self.text() for _ in range(count)]
        if kind not in _NUMBERS:
            raise DamagedError(f"its metadata has a list of the unknown type {kind}")
        size = struct.calcsize(_NUMBERS[kind])
        raw = self.take(self.count(size) * size)
        if _NUMBERS[kind] == "<?":
            truths: NDArray[np.generic] = np.frombuffer(raw, dtype=np.uint8) != 0
            return truths
        found: NDArray[np.generic] = np.frombuffer(raw, dtype=np.dtype(_NUMBERS[kind]))
        return found
