# SPDX-License-Identifier: Apache-2.0
"""Refinement: codes and scales of a rounded matrix in turns, each the best for all others.

Compensation decides each column once, and never comes back to it. Here the squared error of the
product falls with every step: the best scale of a group for its codes, then the best code of an
element for all others (coordinate descent).
"""

import numpy as np
from numpy.typing import NDArray

from ..numerics.element_format import ElementFormat
from .compensation import Compensation
from .grid import Grid

__all__ = ["refined", "refined_codes"]

Floats = NDArray[np.float32]

_ROUNDS = 3
_BLOCK = 64
"""Columns whose errors are spread within the block first."""
_TINY = np.float32(1e-30)
_LEAST = 0.5
"""A scale shrinks at most so far in one round."""


def refined(
    weight: Floats, codes: Floats, grid: Grid, weights: ElementFormat, how: Compensation
) -> tuple[Floats, Grid]:
    """Codes [rows, columns] and the grid of their groups, of less error than those given."""
    turned, steps = codes.T.copy(), grid.scales.T.copy()
    offsets = None if grid.offsets is None else grid.offsets.T.copy()
    group = len(turned) // len(steps)
    error = turned * np.repeat(steps, group, axis=0) - weight.T
    if offsets is not None:
        error += np.repeat(offsets, group, axis=0)
    for _ in range(_ROUNDS):
        _scales(error, turned, steps, offsets, how.moments)
        _codes(error, turned, np.repeat(steps, group, axis=0), weights, how)
    return turned.T.copy(), Grid(
        scales=steps.T.copy(), offsets=None if offsets is None else offsets.T.copy()
    )


def refined_codes(
    weight: Floats, codes: Floats, exact: Floats, weights: ElementFormat, how: Compensation
) -> Floats:
    """Codes of less error where each element has the step that ``exact`` says."""
    turned, steps = codes.T.copy(), np.ascontiguousarray(exact.T)
    _codes(turned * steps - weight.T, turned, steps, weights, how)
    return turned.T.copy()


def _scales(
    error: Floats, codes: Floats, steps: Floats, offsets: Floats | None, moments: Floats
) -> None:
    """The best scale of each group of each row for its codes, and the best offset with it, in
    place."""
    group = len(codes) // len(steps)
    for index, step in enumerate(steps):
        part = slice(index * group, (index + 1) * group)
        mine = codes[part]
        pull = moments[part] @ error
        inner = moments[part, part]
        slope = (mine * pull).sum(axis=0)
        curve = (mine * (inner @ mine)).sum(axis=0)
        level, bend = pull.sum(axis=0), np.maximum(inner.sum(), _TINY)
        cross = inner.sum(axis=0) @ mine
        if offsets is not None:  # the offset follows the scale
            slope, curve = slope - cross * level / bend, curve - cross * cross / bend
        best = step - np.where(curve > 0, slope / np.maximum(curve, _TINY), 0)
        best = np.maximum(best, np.float32(_LEAST) * step)
        change = best - step
        error[part] += mine * change
        steps[index] = best
        if offsets is not None:
            shift = -(level + cross * change) / bend
            error[part] += shift
            offsets[index] += shift


def _codes(
    error: Floats, codes: Floats, steps: Floats, weights: ElementFormat, how: Compensation
) -> None:
    """The best code of each element for all others of its row, in place."""
    for begin in range(0, len(codes), _BLOCK):
        columns = how.order[begin : begin + _BLOCK]
        slopes = how.moments[columns] @ error
        inner = how.moments[np.ix_(columns, columns)]
        for place, column in enumerate(columns):
            step = steps[column]
            curve = max(float(inner[place, place]), 1e-30)
            code = weights.round(codes[column] - slopes[place] / np.float32(curve) / step)
            change = (code - codes[column]) * step
            codes[column] = code
            error[column] += change
            slopes[place + 1 :] += inner[place + 1 :, place, None] * change
