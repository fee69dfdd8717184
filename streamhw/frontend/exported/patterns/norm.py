# SPDX-License-Identifier: Apache-2.0
"""Layer norms and RMS norms, whole or from means, squares and roots."""

from collections.abc import Sequence

import numpy as np

from ..constant import Constant
from ..form import Form
from ..no_layer_error import NoLayerError
from ..state import Raising
from ..values import SAMPLES, Centered, Function, Mean, Moment, Normalized
from .layers import form_of
from .rule import Rule

__all__ = ["RULES", "divided"]


def divided(state: Raising, x: object, moment: Moment) -> Normalized:
    """A tensor over the root of its mean square."""
    form = x.form if isinstance(x, Centered) else form_of(state, x)
    centered = isinstance(x, Centered) and not x.squared
    if moment.power != 0.5 or centered != moment.centered or not form.same_places(moment.form):
        raise NoLayerError("a tensor must be divided by the root of its own mean square")
    if moment.epsilon <= 0:
        raise NoLayerError("a mean square must have something small added to it")
    return Normalized(form, moment.epsilon, centered, state.place)


def _mean(
    state: Raising, x: object, axes: int | Sequence[int] | None, keep: bool = False, *_kind: object
) -> object:
    shape = x.form.shape if isinstance(x, Function | Centered) else form_of(state, x).shape
    chosen = [axes] if isinstance(axes, int) else axes
    if chosen is None or [axis % len(shape) for axis in chosen] != [len(shape) - 1] or not keep:
        raise NoLayerError("means must be of the last axis, and keep it")
    if isinstance(x, Centered) and x.squared:
        return Moment(x.form, centered=True)
    if isinstance(x, Function):
        if not np.allclose(x.samples, SAMPLES**2, rtol=1e-6):
            raise NoLayerError("means must be of elements or of their squares")
        return Moment(x.form, centered=False)
    return Mean(form_of(state, x))


def _variance(
    state: Raising,
    x: object,
    axes: int | Sequence[int] | None = None,
    correction: float | bool | None = None,
    keep: bool = False,
) -> object:
    mean = _mean(state, form_of(state, x), axes, keep)
    if correction is None or correction:
        raise NoLayerError("variances must have no correction (unbiased=False)")
    assert isinstance(mean, Mean)
    return Moment(mean.form, centered=True)


def _layer_norm(
    state: Raising,
    x: object,
    shape: Sequence[int] | None,
    weight: Constant | None = None,
    bias: Constant | None = None,
    epsilon: float = 1e-5,
    _enabled: bool = True,
) -> object:
    form = _of_last(state, x, shape)
    return Normalized(form, epsilon, True, state.place, weight, bias)


def _rms_norm(
    state: Raising,
    x: object,
    shape: Sequence[int] | None,
    weight: Constant | None = None,
    epsilon: float | None = None,
) -> object:
    form = _of_last(state, x, shape)
    smallest = float(np.finfo(np.float32).eps)
    return Normalized(form, epsilon or smallest, False, state.place, weight)


def _of_last(state: Raising, x: object, shape: Sequence[int] | None) -> Form:
    form = form_of(state, x)
    if shape is not None and tuple(shape) != form.shape[-1:]:
        raise NoLayerError("a norm must be of the last axis alone")
    return form


RULES: dict[str, Rule] = {
    "mean": _mean,
    "var": _variance,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "_fused_rms_norm": _rms_norm,
}
