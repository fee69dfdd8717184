# SPDX-License-Identifier: Apache-2.0
"""Values one after another out of bytes, never beyond their end."""

import struct

import numpy as np
import pytest

from streamhw.frontend.gguf.cursor import Cursor, DamagedError


def cursor(*parts: bytes) -> Cursor:
    return Cursor(np.frombuffer(b"".join(parts), dtype=np.uint8))


def test_values_of_every_type() -> None:
    for kind, layout, value in (
        (0, "<B", 200), (1, "<b", -3), (2, "<H", 60_000), (3, "<h", -300), (4, "<I", 1 << 31),
        (5, "<i", -5), (7, "<?", True), (10, "<Q", 1 << 63), (11, "<q", -(1 << 40)),
        (12, "<d", 0.1),
    ):  # fmt: skip
        found = cursor(struct.pack(layout, value)).value(kind)
        assert found == value and type(found) is type(value)
    assert cursor(struct.pack("<f", 1e-5)).value(6) == 1e-5
    assert cursor(struct.pack("<Q", 3), "é!".encode()).value(8) == "é!"


def test_lists() -> None:
    texts = cursor(struct.pack("<IQ", 8, 2), *(struct.pack("<Q", 1) + t for t in (b"a", b"b")))
    assert texts.value(9) == ["a", "b"] and texts.left == 0
    numbers = cursor(struct.pack("<IQ3h", 3, 3, 1, -2, 3)).value(9)
    assert isinstance(numbers, np.ndarray) and numbers.tolist() == [1, -2, 3]
    truths = cursor(struct.pack("<IQ", 7, 2), b"\x01\x00").value(9)
    assert isinstance(truths, np.ndarray) and truths.tolist() == [True, False]


@pytest.mark.parametrize("kind", [0, 4, 6, 8, 9, 12, 13])
def test_no_value_goes_beyond_the_end(kind: int) -> None:
    with pytest.raises(DamagedError):
        cursor().value(kind)


def test_counts_are_of_what_can_be_there() -> None:
    assert cursor(struct.pack("<Q", 2), bytes(20)).count(10) == 2
    with pytest.raises(DamagedError, match="3 parts, and it ends too early"):
        cursor(struct.pack("<Q", 3), bytes(20)).count(10)
    with pytest.raises(DamagedError, match="a list of 3000000 texts"):
        cursor(struct.pack("<IQ", 8, 3_000_000), bytes(24_000_000)).value(9)
