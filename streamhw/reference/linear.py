# SPDX-License-Identifier: Apache-2.0
"""Matrix products of the integer reference: exact integers through floating point."""

import numpy as np
from numpy.typing import NDArray

from ..kernels.matmul.digits import DIGIT_BITS, digits_of
from ..kernels.matmul.packing import fold_groups
from ..numerics.fixed import round_shift
from ..quantization.plan import LinearPlan
from ..quantization.quantized_model import LinearParameters
from .nodes import rounded

__all__ = ["IntegerProduct"]

Reals = NDArray[np.float64]

SINGLE = 2.0**24
"""Sums of integers up to here are exact in 32-bit floats, in any order."""
DOUBLE = 2.0**52
"""The same for 64-bit floats, with a half to round by."""
LONG = 2.0**62
"""The same for 64-bit integers."""
DIGIT = 1 << DIGIT_BITS


class IntegerProduct:
    """A quantized linear layer, its matrix unpacked once.

    Codes times group multipliers, plus group offsets, are integers. The columns are cut into as few
    blocks as keep every sum of a block, in absolute values, below 2**24: what a 32-bit matrix
    product gives is then exact, in whatever order it adds. Blocks are added, scaled and rounded in
    64-bit floats, below 2**52. Larger ones are scaled and rounded in 64-bit integers. Codes of two
    digits are multiplied digit by digit.

    wide: keeps the matrix as 32-bit floats; else as 16-bit integers, if they hold it, made floats
    at each use

    Raises ``ValueError`` if the layer's numbers exceed these bounds, or its input has more bits
    than an engine takes.
    """

    def __init__(self, plan: LinearPlan, parameters: LinearParameters, *, wide: bool = True):
        matrix = fold_groups(
            parameters.weight,
            parameters.group_multipliers,
            plan.weights.scale_group,
            parameters.group_offsets,
        )
        self._digits = digits_of(plan.source)
        blocks, most = _blocks(matrix.astype(np.float32), DIGIT / 2)
        most *= float(DIGIT) ** (self._digits - 1)
        rows, columns = matrix.shape
        self._shape = (blocks, columns // blocks)
        wide = wide or bool(np.abs(matrix).max() > np.iinfo(np.int16).max)
        self._matrix = np.ascontiguousarray(
            matrix.astype(np.float32 if wide else np.int16)
            .reshape(rows, *self._shape)
            .transpose(1, 2, 0)
        )
        self._shift = parameters.shift.astype(np.int64)
        self._mult = parameters.mult.astype(np.int64)
        self._bias = parameters.bias.astype(np.float64)
        self._factor = np.ldexp(
            parameters.mult.astype(np.float64), -parameters.shift.astype(np.int32)
        )
        bound = (most * blocks + np.abs(self._bias).max()) * float(parameters.mult.max()) * 2
        if bound >= LONG:
            raise ValueError(f"Scaled sums must be below 2^62, not {bound:.3g}")
        self._in_floats = bound < DOUBLE
        self._out = plan.out

    @property
    def bytes(self) -> int:
        """Memory of the matrix."""
        return self._matrix.nbytes

    def __call__(self, x: Reals) -> Reals:
        """Output codes [..., outputs] of input codes [..., inputs]."""
        if self._digits == 1:
            total = self._sums(x)
        else:
            lower = (x + DIGIT / 2) % DIGIT - DIGIT / 2
            total = self._sums((x - lower) / DIGIT)
            total *= DIGIT
            total += self._sums(lower)
        total += self._bias
        if self._in_floats:
            total *= self._factor
            total = rounded(total, self._out)
        else:
            scaled = round_shift(total.astype(np.int64) * self._mult, self._shift)
            total = self._out.saturate(scaled).astype(np.float64)
        return total.reshape(*x.shape[:-1], -1)

    def _sums(self, x: Reals) -> Reals:
        """Sums of products [rows, outputs] with codes of 8 bits."""
        rows = x.reshape(-1, *self._shape).astype(np.float32)
        if len(rows) == 1 and self._matrix.dtype == np.float32:
            parts = np.matmul(rows.transpose(1, 0, 2), self._matrix)
            return np.asarray(np.add.reduce(parts, axis=0, dtype=np.float64))
        total = np.zeros((len(rows), self._matrix.shape[2]))
        for block, matrix in enumerate(self._matrix):
            total += rows[:, block] @ matrix.astype(np.float32, copy=False)
        return total


def _blocks(matrix: NDArray[np.float32], largest: float) -> tuple[int, float]:
    """The least number of blocks of columns whose sums are exact, and the bound of their sums: a
    single product of a code, a multiplier and a digit always is."""
    rows, columns = matrix.shape
    blocks = 0
    most = SINGLE
    while most >= SINGLE:
        blocks += 1
        if columns % blocks == 0:
            sums = np.abs(matrix).reshape(rows, blocks, -1).sum(axis=2, dtype=np.float64)
            most = float(sums.max()) * largest
    return blocks, most
