# SPDX-License-Identifier: Apache-2.0
"""Grids: the evenly spaced numbers that the codes of each scale group stand for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..frontend.packed.matrix import Codes
from ..numerics.element_format import OFFSET_BITS, ElementFormat

__all__ = ["Grid", "IntegerGrid", "integer_grid", "searched_grid", "stored_grid"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_TINY = np.float32(1e-30)
_MOST_OFFSET = 127


@dataclass(frozen=True, kw_only=True)
class Grid:
    """``scale * code + offset`` of each group [rows, groups]; no offsets: 0."""

    scales: Floats
    offsets: Floats | None


@dataclass(frozen=True, kw_only=True)
class IntegerGrid:
    """The same in integers: ``row * (multiplier * code + 2**OFFSET_BITS * offset)``.

    row: the real value of an accumulator's LSB of each row
    """

    row: Reals
    multipliers: NDArray[np.uint8]
    offsets: NDArray[np.int8] | None

    @property
    def exact(self) -> Grid:
        """What the integers stand for."""
        row = self.row[:, None]
        offsets = self.offsets
        return Grid(
            scales=(self.multipliers * row).astype(np.float32),
            offsets=None if offsets is None else (offsets * row * _UNIT).astype(np.float32),
        )


_UNIT = float(1 << OFFSET_BITS)


def integer_grid(
    grid: Grid, bias: Reals, weights: ElementFormat, output_scale: Reals
) -> IntegerGrid:
    """The integers nearest to a grid.

    The step of a row lets its bias fit 32 bits and its output multiplier the shift, even where all
    weights are 0.
    """
    most = 1 if weights.scale_group is None else 255
    row = grid.scales.max(axis=1).astype(np.float64) / most
    if grid.offsets is not None:
        row = np.maximum(row, np.abs(grid.offsets).max(axis=1) / (_MOST_OFFSET * _UNIT))
    row = np.maximum(row, np.maximum(np.abs(bias) * 2.0**-30, 2.0**-40 / output_scale))
    step = row[:, None]
    multipliers = np.clip(np.rint(grid.scales / step), 1, most).astype(np.uint8)
    if grid.offsets is None:
        return IntegerGrid(row=row, multipliers=multipliers, offsets=None)
    offsets = np.clip(np.rint(grid.offsets / (step * _UNIT)), -_MOST_OFFSET, _MOST_OFFSET)
    return IntegerGrid(row=row, multipliers=multipliers, offsets=offsets.astype(np.int8))


def stored_grid(stored: Codes, offsets: Floats | None, inputs: Reals, group: int) -> Grid:
    """That of codes of a checkpoint, whose groups may be several of ``group`` columns.

    offsets: of the codes as they are used; inputs: real size of an LSB of each group's inputs
    """
    places = stored.columns[::group]
    return Grid(
        scales=(stored.scales[:, places] * inputs).astype(np.float32),
        offsets=None if offsets is None else (offsets[:, places] * inputs).astype(np.float32),
    )


def searched_grid(
    weight: Floats, square: Floats, weights: ElementFormat, candidates: tuple[float, ...]
) -> Grid:
    """The grid of each group of least weighted error; without candidates the one that clips
    nothing.

    weight: [rows, groups, columns]; square: weight of each column's error; candidates: scales
    relative to the one that clips nothing
    """
    if weights.has_offsets:
        return _with_offsets(weight, square, weights, candidates or (1.0,))
    widest = np.abs(weight).max(axis=2) / np.float32(weights.maximum)
    widest = np.maximum(widest, _TINY)
    best, error = widest, np.full(widest.shape, np.inf, dtype=np.float32)
    for clipping in candidates:
        scale = widest * np.float32(clipping)
        rest = weights.round(weight / scale[..., None]) * scale[..., None] - weight
        found = (rest * rest * square).sum(axis=2)
        better = found < error
        best, error = np.where(better, scale, best), np.where(better, found, error)
    return Grid(scales=np.asarray(best), offsets=None)


def _with_offsets(
    weight: Floats, square: Floats, weights: ElementFormat, candidates: tuple[float, ...]
) -> Grid:
    """Each candidate clips both ends alike, and is fitted to the codes that it gives."""
    low, high = weight.min(axis=2), weight.max(axis=2)
    widest = np.maximum((high - low) / np.float32(weights.maximum - weights.minimum), _TINY)
    center = np.float32((weights.maximum + weights.minimum) / 2)
    best = Grid(scales=widest, offsets=(high + low) / 2 - widest * center)
    error = np.full(widest.shape, np.inf, dtype=np.float32)
    for clipping in candidates:
        scales = widest * np.float32(clipping)
        tried = Grid(scales=scales, offsets=(high + low) / 2 - scales * center)
        for grid in (tried, _fitted(weight, square, weights, tried)):
            scale, offset = grid.scales[..., None], _offsets(grid)[..., None]
            rest = weights.round((weight - offset) / scale) * scale + offset - weight
            found = (rest * rest * square).sum(axis=2)
            better = found < error
            best = Grid(
                scales=np.where(better, grid.scales, best.scales),
                offsets=np.where(better, _offsets(grid), _offsets(best)),
            )
            error = np.where(better, found, error)
    return best


def _fitted(weight: Floats, square: Floats, weights: ElementFormat, grid: Grid) -> Grid:
    """The grid of least weighted error for the codes that another one gives."""
    scales, offsets = grid.scales, _offsets(grid)
    codes = weights.round((weight - offsets[..., None]) / scales[..., None])
    weighed = codes * square
    total = np.broadcast_to(square.sum(axis=2), scales.shape)
    first, second = weighed.sum(axis=2), (weighed * codes).sum(axis=2)
    against, along = (weight * square).sum(axis=2), (weight * weighed).sum(axis=2)
    spread = total * second - first * first
    sound = spread > 1e-6 * np.abs(total * second)
    scale = np.where(sound, total * along - first * against, 0) / np.where(sound, spread, 1)
    sound &= scale > scales / 2
    scale = np.where(sound, scale, scales)
    offset = np.where(sound, (against - scale * first) / np.where(sound, total, 1), offsets)
    return Grid(scales=scale.astype(np.float32), offsets=offset.astype(np.float32))


def _offsets(grid: Grid) -> Floats:
    assert grid.offsets is not None
    return grid.offsets
