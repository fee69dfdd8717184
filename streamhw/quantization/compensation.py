# SPDX-License-Identifier: Apache-2.0
"""Compensation: the rounding error of each column moves the columns that are not yet rounded.

scipy is imported where a matrix is inverted: those who only name a rule do not wait for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError
from ..numerics.element_format import ElementFormat

__all__ = ["Compensation", "compensated", "compensation", "damping_of"]

Floats = NDArray[np.float32]

_OWN_DAMPING = 0.01
"""Where the moments are those of the text that a model is made for."""
_SHORT_DAMPING = 0.4
"""Where that text is short."""
_ENOUGH = 15
"""Tokens for each column of a text that is not."""
_GENERAL_DAMPING = 0.6
"""Where the text is of many kinds, and short: its moments say little of how features of another
text go together."""
_BLOCK = 64
"""Columns whose errors are spread within the block first."""


@dataclass(frozen=True, kw_only=True)
class Compensation:
    """What the second moments of a matrix's inputs say of its rounding.

    order: columns from the input of greatest power to that of least: the first ones have the most
        others to make up for their errors
    factor: upper triangular factor of the inverse moments in that order
    moments: the damped moments, in the matrix's own order
    """

    order: NDArray[np.int64]
    factor: Floats
    moments: Floats


def damping_of(columns: int, tokens: int, *, general: bool) -> float:
    """What is added to the diagonal of moments, relative to its mean.

    tokens: that the moments were measured on; general: whether their text is of any kind, and not
    of the kind that the model is to write
    """
    if general:
        return _GENERAL_DAMPING
    return _OWN_DAMPING if tokens >= _ENOUGH * columns else _SHORT_DAMPING


def compensation(outer: Floats, damping: float = _OWN_DAMPING) -> Compensation:
    """That of mean outer products of the inputs: U with U^T U = (moments + damping)^-1.

    damping: added to the diagonal, relative to its mean
    """
    from scipy.linalg import cholesky, lapack

    order = np.argsort(-np.diagonal(outer), kind="stable")
    damped = outer.astype(np.float64)
    damped[np.diag_indices(len(damped))] += damping * max(np.trace(damped), 1e-30) / len(damped)
    moments = damped[np.ix_(order, order)]
    # H = R R^T with R upper triangular comes from the Cholesky factor of the reversed matrix.
    reverse = cholesky(moments[::-1, ::-1], lower=True, overwrite_a=True, check_finite=False)
    inverse, fault = lapack.dtrtri(np.ascontiguousarray(reverse[::-1, ::-1]), lower=0)
    if fault:
        raise InternalError(f"Second moments must be invertible; factor {fault} is 0")
    return Compensation(
        order=order,
        factor=np.asarray(inverse, dtype=np.float32),
        moments=damped.astype(np.float32),
    )


def compensated(weight: Floats, scale: Floats, weights: ElementFormat, how: Compensation) -> Floats:
    """The integers of ``weight``, whose elements have the steps ``scale``, column by column.

    That is the step of optimal brain quantization with one order of columns for all rows (Frantar
    et al. 2022). Scales are known before it and stay, so groups keep their columns whatever the
    order. Columns are rows here, so that memory is walked in order.
    """
    spread = how.factor
    rest = weight.T[how.order]
    steps = scale.T[how.order]
    codes = np.empty_like(rest)
    errors = np.empty((_BLOCK, rest.shape[1]), dtype=np.float32)
    for begin in range(0, len(rest), _BLOCK):
        end = min(begin + _BLOCK, len(rest))
        for column in range(begin, end):
            code = weights.round(rest[column] / steps[column])
            codes[column] = code
            error = (rest[column] - code * steps[column]) / spread[column, column]
            errors[column - begin] = error
            rest[column + 1 : end] -= spread[column, column + 1 : end, None] * error
        rest[end:] -= spread[begin:end, end:].T @ errors[: end - begin]
    found = np.empty_like(weight)
    found[:, how.order] = codes.T
    return found
