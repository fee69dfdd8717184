# SPDX-License-Identifier: Apache-2.0
"""Scales of int8 activations: how the channels' ranges are split between values and weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..frontend.packed.matrix import Codes
from ..numerics.element_format import ElementFormat
from .grid import integer_grid, searched_grid, stored_grid

__all__ = [
    "Reader",
    "heavy_ranges",
    "product_error",
    "rounding_power",
    "searched_scales",
    "smoothed_scales",
]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_FLOOR = 2.0**-10
"""Least peak of a column relative to the greatest one: columns of zeros would get no scale."""
_EXPONENTS = (
    (0.5, 0.5),
    (1.0, 0.0),
    (0.5, 0.0),
    (0.25, 0.0),
    (0.0, 0.0),
    (0.25, 0.25),
    (0.0, 0.5),
)
"""Of activations and of weights."""
_WEIGHT_EXPONENTS = ((0.25, 0.5), (0.0, 1.0), (0.25, 1.0))
"""More of them, that suit the weights."""
_RATIOS = (4, 8, 16, 32)
"""Of the widest scale to the finest, where codes are kept: multipliers of groups have 8 bits."""
_ROWS = 512
"""Of each matrix that candidates are tried on."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A matrix [outputs, inputs] that an activation is multiplied with, and its number format.

    stored: codes of the checkpoint, if they are kept
    """

    matrix: Floats
    weights: ElementFormat
    stored: Codes | None = None


def heavy_ranges(peak: Reals, square: Floats, margin: float = 1.0) -> Reals:
    """Ranges of channels that are seldom large: the peak, or what channels of their power have.

    Few tokens show a channel's greatest value, so peaks of a sample are too low for some channels.
    Their mean squares are known better: the median of peak to root mean square holds for all.

    peak: greatest magnitudes that calibration saw; square: mean squares
    margin: of what channels of some power have; text that was not seen may exceed it
    """
    root = np.sqrt(square.astype(np.float64))
    known = (root > 0) & (peak > 0)
    if not known.any():
        return peak
    usual = float(np.median(peak[known] / root[known]))
    return np.maximum(peak, margin * np.sqrt(peak * usual * root))


def smoothed_scales(ranges: Reals, readers: Sequence[Reader], alpha: float) -> Reals:
    """``ranges**alpha / columns**(1 - alpha)``, large enough for all ranges."""
    return ranges if alpha == 1.0 else _scales(ranges, _columns(readers), alpha, 1 - alpha)


def searched_scales(
    ranges: Reals,
    readers: Sequence[Reader],
    square: Floats,
    even: Callable[[Reals], Reals] = np.asarray,
    fine: bool = False,
) -> Reals:
    """The scales among ``ranges**a / columns**b`` of least expected error of the products.

    Both the rounding of activations and that of weights count, each product relative to its power.

    ranges: scales that hold each channel; square: mean squares of the activations
    even: what is made of scales before they are used
    fine: whether activations have so many bits that scales may suit the weights alone
    """
    columns = _columns(readers)
    exponents = (*_EXPONENTS, *_WEIGHT_EXPONENTS) if fine else _EXPONENTS
    candidates = [_scales(ranges, columns, a, b) for a, b in exponents]
    if any(reader.stored is not None for reader in readers):
        candidates += [np.maximum(ranges, ranges.max() / ratio) for ratio in _RATIOS]
    candidates = [even(scales) for scales in candidates]
    return min(candidates, key=lambda scales: product_error(scales, readers, square))


def product_error(scales: Reals, readers: Sequence[Reader], square: Floats) -> float:
    """Relative squared error of the products: of uniform steps, and of rounded weights."""
    total = 0.0
    for reader in readers:
        step = max(1, len(reader.matrix) // _ROWS)
        matrix = reader.matrix[::step]
        energy = (matrix * matrix).sum(axis=0).astype(np.float64)
        size = max(float(energy @ square), 1e-30)
        if reader.stored is None:
            rest = _rounding(matrix, scales, reader.weights)
        else:
            rest = _regrading(reader.stored.rows(step), scales, reader.weights)
        rounding = (rest * rest).sum(axis=0) @ (square / scales**2)
        total += float(energy @ (scales**2 / 12) + rounding) / size
    return total


def rounding_power(scales: Reals, matrix: Floats, square: Floats) -> float:
    """Power that rounding a value to these steps adds to its products with a matrix, by theirs.

    square: mean squares of the value
    """
    energy = np.einsum("oi,oi->i", matrix, matrix).astype(np.float64)
    return float(energy @ (scales**2 / 12)) / max(float(energy @ square), 1e-30)


def _columns(readers: Sequence[Reader]) -> Reals:
    peaks: Reals = np.max(
        [np.abs(reader.matrix).max(axis=0) for reader in readers], axis=0, initial=1e-9
    ).astype(np.float64)
    return np.asarray(np.maximum(peaks, peaks.max() * _FLOOR), dtype=np.float64)


def _scales(ranges: Reals, columns: Reals, a: float, b: float) -> Reals:
    shape = ranges**a / columns**b
    return np.asarray(shape * (ranges / shape).max())


def _rounding(matrix: Floats, scales: Reals, weights: ElementFormat) -> Floats:
    """Errors of the weights in units of the input's integers, if they are rounded."""
    scaled = matrix * scales.astype(np.float32)
    groups = scaled.reshape(len(scaled), -1, weights.scale_group or scaled.shape[1])
    grid = searched_grid(groups, np.ones_like(groups[:1]), weights, ())
    steps = grid.scales[..., None]
    if grid.offsets is not None:
        groups = groups - grid.offsets[..., None]
    return np.asarray((weights.round(groups / steps) * steps - groups).reshape(scaled.shape))


def _regrading(stored: Codes, scales: Reals, weights: ElementFormat) -> Floats:
    """The same if codes are kept: of their groups' multipliers and offsets, which are small where
    scales of the inputs are small against others."""
    codes, offsets = stored.fitted(weights)
    group = weights.scale_group or codes.shape[1]
    grid = stored_grid(stored, offsets, scales[::group], group)
    exact = integer_grid(grid, np.zeros(len(codes)), weights, np.ones(len(codes))).exact
    rest = codes * np.repeat(exact.scales - grid.scales, group, axis=1)
    if grid.offsets is not None and exact.offsets is not None:
        rest += np.repeat(exact.offsets - grid.offsets, group, axis=1)
    return np.asarray(rest)
