# SPDX-License-Identifier: Apache-2.0
"""Angles of rotary embeddings as integers: a cosine and a sine in a word."""

import numpy as np
from numpy.typing import NDArray

from .fixed import Fixed

__all__ = ["ANGLE", "ANGLE_WORD", "angle_words"]

ANGLE = Fixed(16, 14)
"""Cosines and sines: 1 is exact, so that position 0 rotates nothing. YaRN has larger ones."""
ANGLE_WORD = Fixed(32, signed=False)
"""A cosine in the low half and a sine in the high half."""


def angle_words(
    positions: NDArray[np.int64],
    frequencies: NDArray[np.float64],
    amplitudes: NDArray[np.float64] | float = 1.0,
) -> NDArray[np.int64]:
    """[positions, pairs]: the words of the angles ``position * frequency``, cosines and sines times
    ``amplitudes``, which are below 2."""
    radians = np.asarray(positions, dtype=np.float64)[..., None] * frequencies
    cosines, sines = (
        ANGLE.encode(amplitudes * function(radians)) & 0xFFFF for function in (np.cos, np.sin)
    )
    return np.asarray(cosines | sines << 16, dtype=np.int64)
