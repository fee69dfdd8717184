# SPDX-License-Identifier: Apache-2.0
"""Words of rotary angles: a cosine and a sine, and what they are multiplied by."""

import numpy as np
import pytest

from streamhw.numerics.rotary_tables import ANGLE, angle_words


@pytest.mark.parametrize("amplitude", [1.0, 1.14, 1.99])
def test_a_word_has_a_cosine_and_a_sine(amplitude: float) -> None:
    positions, frequencies = np.arange(50), np.array([1.0, 0.1, 0.003])
    amplitudes = np.array([amplitude, 1.0, amplitude])
    words = angle_words(positions, frequencies, amplitudes)
    halves = [((half & 0xFFFF) ^ 0x8000) - 0x8000 for half in (words, words >> 16)]
    radians = positions[:, None] * frequencies
    for found, function in zip(halves, (np.cos, np.sin), strict=True):
        error = np.abs(ANGLE.decode(found) - amplitudes * function(radians))
        assert error.max() <= ANGLE.step / 2


def test_position_0_rotates_nothing() -> None:
    assert angle_words(np.zeros(1, dtype=np.int64), np.array([0.5])).tolist() == [[1 << 14]]
