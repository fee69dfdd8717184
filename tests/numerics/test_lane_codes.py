# SPDX-License-Identifier: Apache-2.0
"""Codes of lanes from payload bytes, against Python's integers."""

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.numerics.lane_codes import lane_codes


@pytest.mark.parametrize(
    "fmt", [Fixed(1, signed=False), Fixed(3), Fixed(8), Fixed(24, 16), Fixed(62)]
)
@pytest.mark.parametrize("lanes", [1, 5])
def test_lanes(fmt: Fixed, lanes: int) -> None:
    rng = np.random.default_rng(fmt.width)
    codes = rng.integers(fmt.minimum, fmt.maximum, (20, lanes), endpoint=True)
    size = -(-lanes * fmt.width // 8)
    mask = (1 << fmt.width) - 1
    words = [sum((int(c) & mask) << i * fmt.width for i, c in enumerate(row)) for row in codes]
    beats = np.array([list(word.to_bytes(size, "little")) for word in words], dtype=np.uint8)
    assert (lane_codes(beats, fmt, lanes) == codes).all()


def test_no_beats() -> None:
    assert lane_codes(np.zeros((0, 4), dtype=np.uint8), Fixed(8), 4).shape == (0, 4)
