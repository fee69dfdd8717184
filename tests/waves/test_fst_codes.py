# SPDX-License-Identifier: Apache-2.0
"""Numbers of FST files: LEB128 by its definition, one by one and in chains."""

import zlib

import numpy as np
import pytest

from streamhw.waves.fst_codes import chain, packed, varint, word


def read(data: bytes, place: int, *, signed: bool = False) -> tuple[int, int]:
    """The number at a place, and where it ends, bit by bit."""
    bits = ""
    while True:
        bits = f"{data[place] & 0x7F:07b}{bits}"
        place += 1
        if not data[place - 1] & 0x80:
            break
    number = int(bits, 2)
    return number - (1 << len(bits)) * (signed and bits[0] == "1"), place


@pytest.mark.parametrize("number", [0, 1, 63, 64, 127, 128, 8191, 8192, 2**40, 2**63])
def test_single_numbers(number: int) -> None:
    for signed, value in ((False, number), (True, number), (True, -number)):
        text = varint(value, signed=signed)
        assert read(text, 0, signed=signed) == (value, len(text))
    assert int.from_bytes(word(number), "big") == number and len(word(number)) == 8


@pytest.mark.parametrize("width", [0, 1, 8])
def test_chains(width: int) -> None:
    rng = np.random.default_rng(width)
    numbers = np.concatenate([[0, 127, 128, 16383, 16384], rng.integers(0, 2**40, 50)])
    rows = rng.integers(0, 256, (len(numbers), width), dtype=np.uint8)
    data, place = chain(numbers, rows), 0
    for number, row in zip(numbers, rows, strict=True):
        found, place = read(data, place)
        assert found == number and data[place : place + width] == row.tobytes()
        place += width
    assert place == len(data)
    assert chain(numbers[:0], rows[:0]) == b""


def test_what_does_not_shrink_stays() -> None:
    assert packed(b"abc") == b"abc"
    assert zlib.decompress(packed(bytes(100))) == bytes(100)
