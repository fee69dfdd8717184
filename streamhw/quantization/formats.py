# SPDX-License-Identifier: Apache-2.0
"""From ranges to formats and scales."""

import numpy as np
from numpy.typing import NDArray

from ..numerics.fixed import Fixed

__all__ = [
    "BYTE",
    "DIGITS",
    "HIDDEN_MARGIN",
    "RESIDUAL_MARGIN",
    "byte_scales",
    "fraction",
    "hidden_format",
    "index_format",
]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

BYTE = Fixed(8)
"""What matrix products and attention read; the scale is kept elsewhere."""
DIGITS = Fixed(15)
"""The same of two digits, for values that 8 bits are too few for: each is two rows of a product."""
RESIDUAL_MARGIN = 2
HIDDEN_MARGIN = 1
"""Spare bits above the greatest magnitude that calibration saw."""


def fraction(width: int, largest: float, margin: int) -> int:
    """Fraction bits of the finest signed format whose range is 2**margin times ``largest``."""
    return width - 1 - margin - int(np.ceil(np.log2(max(largest, 2.0**-30))))


def hidden_format(largest: float) -> Fixed:
    """16 bits for a value between two kernels whose greatest magnitude is ``largest``."""
    return Fixed(16, fraction(16, largest, HIDDEN_MARGIN))


def index_format(bound: int) -> Fixed:
    """The narrowest format of 0 to ``bound - 1``."""
    return Fixed(max(1, (bound - 1).bit_length()), signed=False)


def byte_scales(largest: Floats | Reals, span: int = 10) -> Reals:
    """Scales that bring each feature's greatest magnitude to 127.

    A feature that is always zero gets the widest scale: it must not cost others their precision.

    span: a feature that calibration saw (almost) never gets a scale within so many bits of the
        widest
    """
    peak = largest.astype(np.float64)
    peak[peak == 0] = peak.max()
    return np.maximum(peak, max(float(peak.max()) * 2.0**-span, 1e-9)) / 127
