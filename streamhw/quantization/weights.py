# SPDX-License-Identifier: Apache-2.0
"""Matrices to small integers: clipping search, two-level scales, compensation of rounding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError
from ..numerics.element_format import ElementFormat
from .compensation import Compensation, compensated
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
    weight: Floats,
    bias: Reals,
    rounding: Rounding,
    output_scale: Reals,
    columns: Floats | None = None,
) -> LinearParameters:
    """The integers of a matrix [outputs, inputs] in units of the input's integers.

    bias: real; output_scale: output integers per real unit, of each row; columns: factors of the
    matrix's columns, multiplied in some rows at a time

    Raises ``ValueError`` if the group does not divide the columns.
    """
    group = rounding.weights.scale_group
    if group is not None and weight.shape[1] % group:
        raise ValueError(f"scale_group must divide the {weight.shape[1]} columns, not {group}")
    parts = [
        _rows(
            weight[part] if columns is None else weight[part] * columns,
            bias[part],
            rounding,
            output_scale[part],
        )
        for begin in range(0, len(weight), _ROWS)
        for part in (slice(begin, begin + _ROWS),)
    ]
    codes, multipliers, step, shifted = (
        np.concatenate([part[index] for part in parts]) for index in range(4)
    )
    whole, mult, shift = output_scales(shifted, step, output_scale)
    return LinearParameters(
        weight=codes,
        group_multipliers=None if rounding.weights.scale_group is None else multipliers,
        bias=whole,
        mult=mult,
        shift=shift,
        row_step=step,
    )


def _rows(
    weight: Floats, bias: Reals, rounding: Rounding, output_scale: Reals
) -> tuple[NDArray[np.int8], NDArray[np.uint8], Reals, Reals]:
    rows, columns = weight.shape
    group = rounding.weights.scale_group or columns
    scale = _search(
        weight.reshape(rows, -1, group),
        rounding.square.reshape(1, -1, group),
        rounding.weights,
        _CLIPPING if rounding.search else (),
    )
    step, multipliers, exact = _stepped(scale, bias, rounding.weights, output_scale, columns)
    if rounding.compensation is None:
        codes = rounding.weights.round(weight / exact)
    else:
        codes = compensated(weight, exact, rounding.weights, rounding.compensation)
        scale = exact[:, ::group]
        codes, scale = refined(weight, codes, scale, rounding.weights, rounding.compensation)
        step, multipliers, exact = _stepped(scale, bias, rounding.weights, output_scale, columns)
        codes = refined_codes(weight, codes, exact, rounding.weights, rounding.compensation)
    if rounding.mean is not None:
        bias = bias + ((weight - codes * exact) @ rounding.mean).astype(np.float64)
    return codes.astype(np.int8), multipliers, step, bias


def _stepped(
    scale: Floats, bias: Reals, weights: ElementFormat, output_scale: Reals, columns: int
) -> tuple[Reals, NDArray[np.uint8], Floats]:
    """The step of each row, multipliers of its groups, and the step of each element."""
    most = 1 if weights.scale_group is None else 255
    # The step must let the bias fit 32 bits and the multiplier its shift, even in empty rows.
    step = scale.max(axis=1).astype(np.float64) / most
    step = np.maximum(step, np.maximum(np.abs(bias) * 2.0**-30, 2.0**-40 / output_scale))
    multipliers = np.clip(np.rint(scale / step[:, None]), 1, most).astype(np.uint8)
    exact = (multipliers * step[:, None]).astype(np.float32)
    return step, multipliers, np.repeat(exact, columns // scale.shape[1], axis=1)


def _search(
    weight: Floats, square: Floats, weights: ElementFormat, candidates: tuple[float, ...]
) -> Floats:
    """The scale of each group [rows, groups] of least weighted error; without candidates the one
    that clips nothing."""
    widest = np.abs(weight).max(axis=2) / np.float32(weights.maximum)
    widest = np.maximum(widest, np.float32(1e-30))
    best, error = widest, np.full(widest.shape, np.inf, dtype=np.float32)
    for clipping in candidates:
        scale = widest * np.float32(clipping)
        rest = weights.round(weight / scale[..., None]) * scale[..., None] - weight
        found = (rest * rest * square).sum(axis=2)
        better = found < error
        best, error = np.where(better, scale, best), np.where(better, found, error)
    return np.asarray(best)


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
    if parameters.group_multipliers is not None:
        factors = parameters.group_multipliers.astype(np.float32)
        weight *= np.repeat(factors, weight.shape[1] // factors.shape[1], axis=1)
    return weight * parameters.row_step[:, None].astype(np.float32)
