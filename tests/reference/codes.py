# SPDX-License-Identifier: Apache-2.0
"""Integers to try nodes of the reference with."""

import numpy as np
from numpy.typing import NDArray

from streamhw.numerics.fixed import Fixed

Ints = NDArray[np.int64]

ROWS = 12


def codes(random: np.random.Generator, fmt: Fixed, *shape: int) -> Ints:
    """Rows of all sizes, from a few LSB to the whole range, and rows of nothing but extremes."""
    values = random.integers(fmt.minimum, fmt.maximum + 1, shape)
    sizes = random.integers(0, fmt.width, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    values >>= sizes
    values[:2] = random.choice([fmt.minimum, fmt.maximum], (2, *shape[1:]))
    return values
