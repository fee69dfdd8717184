# SPDX-License-Identifier: Apache-2.0
"""What a tensor may be on the way to a layer: half a norm, a function, scores of attention."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constant import Constant
from .form import Form
from .step import Mask

__all__ = ["SAMPLES", "Centered", "Function", "Mean", "Moment", "Normalized", "Scores"]

Reals = NDArray[np.float64]

SAMPLES: Reals = np.concatenate([np.linspace(-9, 9, 73), [-0.37, 0.11, 1e-3, -2e-3]])
"""Where functions of one number are compared."""


@dataclass(frozen=True, eq=False)
class Function:
    """A function of each element; samples: its values at ``SAMPLES``."""

    form: Form
    samples: Reals


@dataclass(frozen=True, eq=False)
class Mean:
    """The mean of the last axis, kept."""

    form: Form


@dataclass(frozen=True, eq=False)
class Centered:
    """Elements less the mean of their last axis; squared: the square of that."""

    form: Form
    squared: bool = False


@dataclass(frozen=True, eq=False)
class Moment:
    """``(mean square + epsilon) ** power`` of the last axis; centered: of what is less its mean."""

    form: Form
    centered: bool
    epsilon: float = 0.0
    power: float = 1.0


@dataclass(frozen=True, eq=False)
class Normalized:
    """The last axis over the root of its mean square, times weight plus bias as far as known.

    place: the module that it is in
    """

    form: Form
    epsilon: float
    centered: bool
    place: str
    weight: Constant | None = None
    bias: Constant | None = None


@dataclass(frozen=True, eq=False)
class Scores:
    """Queries times keys: [..., heads, rows, rows].

    queries, keys: [..., heads, rows, head_dim]
    mask: whether a row reads a position, if that is known; masks: what that comes from
    probabilities: whether after softmax
    """

    queries: Form
    keys: Form
    shape: tuple[int, ...]
    scale: float = 1.0
    mask: NDArray[np.bool_] | None = None
    masks: tuple[Mask, ...] = ()
    probabilities: bool = False
