# SPDX-License-Identifier: Apache-2.0
"""Matrix products of the integer reference: exact integers through floating point."""

import numpy as np
from numpy.typing import NDArray

from ..kernels.matmul.packing import fold_groups
from ..quantization.plan import LinearPlan
from ..quantization.quantized_model import LinearParameters
from .nodes import rounded

__all__ = ["IntegerProduct"]

Reals = NDArray[np.float64]

SINGLE = 2.0**24
"""Sums of integers up to here are exact in 32-bit floats, in any order."""
DOUBLE = 2.0**52
"""The same for 64-bit floats, with a half to round by."""


class IntegerProduct:
    """A quantized linear layer, its matrix unpacked once.

    Codes times group multipliers are integers. The columns are cut into as few blocks as keep
    every sum of a block, in absolute values, below 2**24: what a 32-bit matrix product gives is
    then exact, in whatever order it adds. Blocks are added, scaled and rounded in 64-bit floats,
    below 2**52.

    wide: keeps the matrix as 32-bit floats; else as 16-bit integers, made floats at each use

    Raises ``ValueError`` if the layer's numbers exceed these bounds.
    """

    def __init__(self, plan: LinearPlan, parameters: LinearParameters, *, wide: bool = True):
        matrix = fold_groups(
            parameters.weight, parameters.group_multipliers, plan.weights.scale_group
        )
        largest = float(max(plan.source.maximum, -plan.source.minimum))
        blocks, most = _blocks(matrix.astype(np.float32), largest)
        rows, columns = matrix.shape
        self._shape = (blocks, columns // blocks)
        self._matrix = np.ascontiguousarray(
            matrix.astype(np.float32 if wide else np.int16)
            .reshape(rows, *self._shape)
            .transpose(1, 2, 0)
        )
        shift = parameters.shift.astype(np.int32)
        self._bias = parameters.bias.astype(np.float64)
        self._factor = np.ldexp(parameters.mult.astype(np.float64), -shift)
        bound = (most * blocks + np.abs(self._bias).max()) * float(parameters.mult.max()) * 2
        if bound >= DOUBLE:
            raise ValueError(f"Scaled sums must be below 2^52, not {bound:.3g}")
        self._out = plan.out

    @property
    def bytes(self) -> int:
        """Memory of the matrix."""
        return self._matrix.nbytes

    def __call__(self, x: Reals) -> Reals:
        """Output codes [..., outputs] of input codes [..., inputs]."""
        rows = x.reshape(-1, *self._shape).astype(np.float32)
        if len(rows) == 1 and self._matrix.dtype == np.float32:
            parts = np.matmul(rows.transpose(1, 0, 2), self._matrix)
            total = np.add.reduce(parts, axis=0, dtype=np.float64)
        else:
            total = np.zeros((len(rows), self._matrix.shape[2]))
            for block, matrix in enumerate(self._matrix):
                total += rows[:, block] @ matrix.astype(np.float32, copy=False)
        total += self._bias
        total *= self._factor
        return rounded(total, self._out).reshape(*x.shape[:-1], -1)


def _blocks(matrix: NDArray[np.float32], largest: float) -> tuple[int, float]:
    """The least number of blocks of columns whose sums are exact, and the bound of their sums."""
    rows, columns = matrix.shape
    for blocks in range(1, columns + 1):
        if columns % blocks:
            continue
        sums = np.abs(matrix).reshape(rows, blocks, -1).sum(axis=2, dtype=np.float64)
        most = float(sums.max()) * largest
        if most < SINGLE:
            return blocks, most
    raise ValueError(f"Products must be below 2^24, not up to {np.abs(matrix).max() * largest:.3g}")
