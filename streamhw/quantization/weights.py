# SPDX-License-Identifier: Apache-2.0
"""Matrices to small integers: clipping search, two-level scales, compensation of rounding.

scipy is imported where a matrix is inverted: those who only name a rule do not wait for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError
from ..numerics.element_format import ElementFormat
from .quantized_model import LinearParameters

__all__ = ["Rounding", "dequantize", "output_scales", "quantize_matrix", "spreading_factor"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_CLIPPING = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)
"""Candidate scales of a group relative to the one that clips nothing."""
_DAMPING = 0.01
"""Added to the diagonal of second moments, relative to its mean."""
_ROWS = 512
"""Rows quantized at a time: keeps temporaries in the cache and small."""
_BLOCK = 64
"""Columns whose errors are spread within the block first."""


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """How a matrix whose columns are scaled to the input's integers becomes integers.

    weights: the number format
    square: mean square of each input, in integers: weighs the clipping search
    mean: mean of each input: what rounding shifts on average goes into the bias; ``None``: not
    spread: upper triangular factor of the inverse second moments, ``None``: plain rounding
    search: whether to look for a scale that clips, or to clip nothing
    """

    weights: ElementFormat
    square: Floats
    mean: Floats | None = None
    spread: Floats | None = None
    search: bool = True


def spreading_factor(outer: Floats) -> Floats:
    """U with U^T U = (second moments + damping)^-1, upper triangular."""
    from scipy.linalg import cholesky, lapack

    moments = outer.astype(np.float64)
    moments[np.diag_indices(len(moments))] += (
        _DAMPING * max(np.trace(moments), 1e-30) / len(moments)
    )
    # H = R R^T with R upper triangular comes from the Cholesky factor of the reversed matrix.
    reverse = cholesky(moments[::-1, ::-1], lower=True, overwrite_a=True, check_finite=False)
    inverse, fault = lapack.dtrtri(np.ascontiguousarray(reverse[::-1, ::-1]), lower=0)
    if fault:
        raise InternalError(f"Second moments must be invertible; factor {fault} is 0")
    return np.asarray(inverse, dtype=np.float32)


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
    most = 1 if rounding.weights.scale_group is None else 255
    # The step must let the bias fit 32 bits and the multiplier its shift, even in empty rows.
    step = scale.max(axis=1).astype(np.float64) / most
    step = np.maximum(step, np.maximum(np.abs(bias) * 2.0**-30, 2.0**-40 / output_scale))
    multipliers = np.clip(np.rint(scale / step[:, None]), 1, most).astype(np.uint8)
    exact = np.repeat((multipliers * step[:, None]).astype(np.float32), group, axis=1)
    if rounding.spread is None:
        codes = rounding.weights.round(weight / exact)
    else:
        codes = _compensated(weight, exact, rounding.weights, rounding.spread)
    if rounding.mean is not None:
        bias = bias + ((weight - codes * exact) @ rounding.mean).astype(np.float64)
    return codes.astype(np.int8), multipliers, step, bias


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


def _compensated(weight: Floats, exact: Floats, weights: ElementFormat, spread: Floats) -> Floats:
    """Codes column by column; each column's error moves the columns that are still to come.

    That is the step of optimal brain quantization with a fixed column order (Frantar et al.
    2022), here with columns as rows so that memory is walked in order.
    """
    rest = weight.T.copy()
    scale = np.ascontiguousarray(exact.T)
    codes = np.empty_like(rest)
    errors = np.empty((_BLOCK, rest.shape[1]), dtype=np.float32)
    for begin in range(0, len(rest), _BLOCK):
        end = min(begin + _BLOCK, len(rest))
        for column in range(begin, end):
            code = weights.round(rest[column] / scale[column])
            codes[column] = code
            error = (rest[column] - code * scale[column]) / spread[column, column]
            errors[column - begin] = error
            rest[column + 1 : end] -= spread[column, column + 1 : end, None] * error
        rest[end:] -= spread[begin:end, end:].T @ errors[: end - begin]
    return codes.T


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
