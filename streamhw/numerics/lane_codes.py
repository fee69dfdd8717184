# SPDX-License-Identifier: Apache-2.0
"""Integer codes of a beat's lanes, from the bytes of its payload."""

import numpy as np
from numpy.typing import NDArray

from .fixed import Fixed

__all__ = ["lane_codes"]


def lane_codes(beats: NDArray[np.uint8], fmt: Fixed, lanes: int) -> NDArray[np.int64]:
    """Codes (beats, lanes) of payloads (beats, bytes), little endian, lane 0 in the lowest bits.

    fmt: of at most 62 bits
    """
    width = fmt.width
    if len(beats) == 0:
        return np.zeros((0, lanes), dtype=np.int64)
    bits = np.unpackbits(beats, axis=1, bitorder="little")[:, : width * lanes]
    codes = bits.reshape(len(beats), lanes, width) @ (np.int64(1) << np.arange(width))
    if fmt.signed:
        codes = np.where(codes >> (width - 1), codes - (1 << width), codes)
    return np.asarray(codes, dtype=np.int64)
