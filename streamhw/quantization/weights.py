# SPDX-License-Identifier: Apache-2.0
"""Matrices to small integers: clipping search, two-level scales, compensation of rounding."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError
from ..numerics.element_format import OFFSET_BITS, ElementFormat
from .compensation import Compensation, compensated
from .grid import Grid, IntegerGrid, integer_grid, searched_grid
from .quantized_model import LinearParameters
from .refinement import refined, refined_codes

__all__ = ["Rounding", "dequantize", "output_scales", "quantize_matrix"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_CLIPPING = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)
"""Candidate scales of a group relative to the one that clips nothing."""
_ROWS = 512
"""Rows quantized at a time: keeps temporaries in the cache and small."""


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """How a matrix whose columns are scaled to the input's integers becomes integers.

    weights: the number format
    square: mean square of each input, in integers: weighs the clipping search
    mean: mean of each input: what rounding shifts on average goes into the bias; ``None``: not
    compensation: of the columns' errors by columns not yet rounded; ``None``: plain rounding
    search: whether to look for a scale that clips, or to clip nothing
    """

    weights: ElementFormat
    square: Floats
    mean: Floats | None = None
    compensation: Compensation | None = None
    search: bool = True


def quantize_matrix(
    blocks: Iterable[Floats],
    bias: Reals,
    rounding: Rounding,
    output_scale: Reals,
    columns: Floats | None = None,
    on_weights: Callable[[int], None] = lambda count: None,
) -> LinearParameters:
    """The integers of a matrix [outputs, inputs] in units of the input's integers.

    blocks: of its rows, in order
    bias: real; output_scale: output integers per real unit, of each row; columns: factors of the
    matrix's columns, multiplied in some rows at a time
    on_weights: told how many more are done, from time to time

    Raises ``ValueError`` if the group does not divide the columns.
    """
    group = rounding.weights.scale_group
    codes = np.empty((0, 0), dtype=np.int8)
    parts: list[_Rows] = []
    begin = 0
    for block in blocks:
        width = block.shape[1]
        if group is not None and width % group:
            raise ValueError(f"scale_group must divide the {width} columns, not {group}")
        if begin == 0:
            codes = np.empty((len(bias), width), dtype=np.int8)
        for at in range(0, len(block), _ROWS):
            weight = block[at : at + _ROWS]
            rows = slice(begin, begin + len(weight))
            scaled = weight if columns is None else weight * columns
            codes[rows], part = _rows(scaled, bias[rows], rounding, output_scale[rows])
            parts.append(part)
            begin += len(weight)
            on_weights(weight.size)
    row = np.concatenate([part.grid.row for part in parts])
    whole, mult, shift = output_scales(
        np.concatenate([part.bias for part in parts]), row, output_scale
    )
    return LinearParameters(
        weight=codes,
        group_multipliers=None
        if group is None
        else np.concatenate([part.grid.multipliers for part in parts]),
        group_offsets=np.concatenate([part.grid.offsets for part in parts])
        if rounding.weights.has_offsets
        else None,
        bias=whole,
        mult=mult,
        shift=shift,
        row_step=row,
    )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What belongs to some rows of codes; bias: with what rounding shifts on average."""

    grid: IntegerGrid
    bias: Reals


def _rows(
    weight: Floats, bias: Reals, rounding: Rounding, output_scale: Reals
) -> tuple[NDArray[np.int8], _Rows]:
    """The codes of some rows, and what belongs to them."""
    rows, columns = weight.shape
    weights, how = rounding.weights, rounding.compensation
    group = weights.scale_group or columns
    grid = searched_grid(
        weight.reshape(rows, -1, group),
        rounding.square.reshape(1, -1, group),
        weights,
        _CLIPPING if rounding.search else (),
    )
    integers = integer_grid(grid, bias, weights, output_scale)
    scale, rest = _of_columns(weight, integers.exact)
    if how is None:
        codes = weights.round(rest / scale)
    else:
        codes = compensated(rest, scale, weights, how)
        codes, grid = refined(weight, codes, integers.exact, weights, how)
        integers = integer_grid(grid, bias, weights, output_scale)
        scale, rest = _of_columns(weight, integers.exact)
        codes = refined_codes(rest, codes, scale, weights, how)
    if rounding.mean is not None:
        bias = bias + ((rest - codes * scale) @ rounding.mean).astype(np.float64)
    return codes.astype(np.int8), _Rows(grid=integers, bias=bias)


def _of_columns(weight: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """The scale of each weight, and what codes times scales are to be: weights less offsets."""
    group = weight.shape[1] // grid.scales.shape[1]
    scale = np.repeat(grid.scales, group, axis=1)
    if grid.offsets is None:
        return scale, weight
    return scale, weight - np.repeat(grid.offsets, group, axis=1)


def output_scales(
    bias: Reals, step: Reals, output_scale: Reals
) -> tuple[NDArray[np.int32], NDArray[np.uint16], NDArray[np.uint8]]:
    """bias in accumulator units, and mult * 2**-shift ~ step * output_scale, normalized."""
    ratio = step * output_scale
    shift = 15 - np.floor(np.log2(ratio)).astype(np.int64)
    mult = np.rint(np.ldexp(ratio, shift.astype(np.int32))).astype(np.int64)
    shift, mult = (
        np.where(mult == 1 << 16, shift - 1, shift),
        np.where(mult == 1 << 16, 1 << 15, mult),
    )
    if shift.min() < 0 or shift.max() > 63:
        raise InternalError(f"Output shifts must be 0 to 63, not {shift.min()} to {shift.max()}")
    whole = np.rint(bias / step)
    return whole.astype(np.int32), mult.astype(np.uint16), shift.astype(np.uint8)


def dequantize(parameters: LinearParameters) -> Floats:
    """The real matrix [outputs, inputs], in units of the input's integers."""
    weight = parameters.weight.astype(np.float32)
    multipliers, offsets = parameters.group_multipliers, parameters.group_offsets
    if multipliers is not None:
        group = weight.shape[1] // multipliers.shape[1]
        weight *= np.repeat(multipliers.astype(np.float32), group, axis=1)
        if offsets is not None:
            unit = np.float32(1 << OFFSET_BITS)
            weight += np.repeat(offsets.astype(np.float32) * unit, group, axis=1)
    return weight * parameters.row_step[:, None].astype(np.float32)
