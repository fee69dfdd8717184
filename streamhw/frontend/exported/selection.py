# SPDX-License-Identifier: Apache-2.0
"""A layer with some of its features, in another order, or times factors: its tensors change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import Chunk, Gather, LayerNorm, Linear, RmsNorm
from .form import Form
from .no_layer_error import NoLayerError
from .state import Raising
from .step import Step
from .tensors import Floats

__all__ = ["Rows", "read_rows", "selected", "settled", "whole_rows"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """How a tensor reads rows of a layer.

    features: of the layer, for each of the tensor's; factor: of each, or of all
    last: whether it has the last row only
    """

    features: NDArray[np.int64]
    factor: NDArray[np.float64]
    last: bool


def read_rows(form: Form, rows: int) -> Rows:
    """How a tensor [..., rows, features] lies in its layer; the same for every row."""
    if len(form.terms) != 1:
        raise NoLayerError("a sum of elements of one row must be a rotation before attention")
    term, width = form.terms[0], form.shape[-1]
    places, features = (
        np.broadcast_to(values, form.shape).reshape(-1, width)
        for values in (term.rows, term.features)
    )
    factor = np.broadcast_to(term.factor, form.shape).reshape(-1, width)
    last = len(places) == 1 and rows > 1
    wanted = np.array([[rows - 1]]) if last else np.arange(rows)[:, None]
    if len(places) != len(wanted) or (places != wanted).any() or (features != features[0]).any():
        raise NoLayerError("rows must stay in order, each with what was computed for its token")
    if (factor != factor[0]).any() or np.iscomplexobj(factor):
        raise NoLayerError("factors must be the same for all positions")
    return Rows(features=features[0], factor=np.asarray(factor[0], dtype=np.float64), last=last)


def whole_rows(state: Raising, form: Form) -> tuple[Step, bool]:
    """The step whose rows a tensor has, and whether it has the last one only."""
    found = read_rows(form, state.rows)
    return selected(state, form.step, found.features, found.factor), found.last


def settled(state: Raising, form: Form) -> Form:
    """The tensor as one of a layer that has no other features than those in it."""
    term = form.terms[0]
    used = np.unique(np.asarray(np.broadcast_to(term.features, form.shape)))
    if len(form.terms) != 1 or len(used) == form.step.features:
        return form
    step = selected(state, form.step, used)
    return Form(step, form.shape, (replace(term, features=np.searchsorted(used, term.features)),))


def selected(
    state: Raising,
    step: Step,
    features: NDArray[np.int64],
    factor: NDArray[np.float64] | None = None,
) -> Step:
    """A step whose rows are these features of another one's, each times its factor."""
    factor = np.ones(len(features)) if factor is None else np.broadcast_to(factor, features.shape)
    ordered = np.array_equal(features, np.arange(step.features))
    if ordered and (factor == 1).all():
        return step
    key = ("selected", id(step), features.tobytes(), factor.tobytes())
    if key not in state.made:
        found = _made(state, step, features, factor, ordered, key)
        state.made[key] = found
    return state.made[key]


def _made(
    state: Raising,
    step: Step,
    features: NDArray[np.int64],
    factor: NDArray[np.float64],
    ordered: bool,
    key: tuple[object, ...],
) -> Step:
    op, size = step.op, len(features)
    if isinstance(op, Linear):
        weight = _taken(state, op.weight, features, factor, -1 if op.transposed else 0, key)
        bias = None if op.bias is None else _taken(state, op.bias, features, factor, 0, key)
        made = replace(op, outputs=size, weight=weight, bias=bias)
        return replace(step, op=made, features=size)
    if isinstance(op, RmsNorm):
        blocks = features.reshape(-1, op.features) if size % op.features == 0 else None
        if blocks is not None:
            within, factors = blocks % op.features, factor.reshape(blocks.shape)
            if (within == within[0]).all() and (factors == factors[0]).all():
                weight = _taken(state, op.weight, within[0], factors[0], 0, key)
                source = selected(state, step.inputs[0], features)
                changed = replace(op, heads=len(blocks), weight=weight)
                return replace(step, op=changed, inputs=(source,), features=size)
    if isinstance(op, LayerNorm) and ordered:
        weight, bias = (
            _taken(state, name, features, factor, 0, key) for name in (op.weight, op.bias)
        )
        return replace(step, op=replace(op, weight=weight, bias=bias))
    if isinstance(op, Gather) and ordered and (factor == factor[0]).all() and factor[0] > 0:
        return replace(step, op=replace(op, scale=op.scale * rounded_root(float(factor[0]))))
    if isinstance(op, Chunk) and (factor == 1).all():
        begin = op.index * (step.inputs[0].features // op.parts)
        return selected(state, step.inputs[0], features + begin)
    what = "all features in their order" if not ordered else "no factor"
    raise NoLayerError(f"what reads a {op.kind} must take {what}")


def _taken(
    state: Raising,
    name: str,
    features: NDArray[np.int64],
    factor: NDArray[np.float64],
    axis: int,
    key: tuple[object, ...],
) -> str:
    """The name of a tensor with these indices of an axis, times factors."""
    shape = list(state.tensors.found[name].shape)
    shape[axis] = len(features)
    wide: tuple[Any, ...] = (slice(None), None) if axis == 0 and len(shape) == 2 else (...,)
    change: Callable[[Floats], Floats] = _Taken(features, factor[wide].astype(np.float32), axis)
    return state.tensors.changed(name, change, tuple(shape), key)


@dataclass(frozen=True, eq=False)
class _Taken:
    features: NDArray[np.int64]
    factor: Floats
    axis: int

    def __call__(self, values: Floats) -> Floats:
        taken = np.take(values, self.features, axis=self.axis)
        return taken if (self.factor == 1).all() else taken * self.factor


def rounded_root(value: float) -> float:
    """The root of an integer that has these 32 bits, or the number itself."""
    root = float(round(value * value)) ** 0.5
    return root if np.float32(root) == np.float32(value) else value
