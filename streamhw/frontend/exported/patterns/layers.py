# SPDX-License-Identifier: Apache-2.0
"""Half of a layer becomes a layer where something reads it."""

from dataclasses import replace

import numpy as np

from ....graph import Activation, LayerNorm, RmsNorm
from ....numerics.functions import functions
from ..constant import Constant
from ..form import Form
from ..no_layer_error import NoLayerError
from ..selection import settled, whole_rows
from ..state import Raising
from ..step import Step
from ..values import SAMPLES, Function, Normalized

__all__ = ["form_of", "function_of", "part_of"]

_CLOSE = 3e-5


def form_of(state: Raising, x: object) -> Form:
    """A tensor as elements of a layer; raises ``NoLayerError`` if it is no whole layer."""
    if isinstance(x, Form):
        return x
    if x not in state.forms:
        if isinstance(x, Normalized):
            made = _norm(state, x)
        elif isinstance(x, Function):
            made = _activation(state, x)
        elif isinstance(x, Constant):
            raise NoLayerError("a constant must be added to or multiplied with a layer")
        else:
            raise NoLayerError(f"it must read a whole layer, not {_PARTS.get(type(x).__name__)}")
        state.forms[x] = made
    return state.forms[x]


_PARTS = {
    "Scores": "scores of attention",
    "Moment": "a mean square",
    "Mean": "a mean",
    "Centered": "what is less its mean",
}


def function_of(state: Raising, x: object) -> Function:
    """A tensor as a function of the elements of a layer."""
    if isinstance(x, Function):
        return x
    form = form_of(state, x)
    scale = form.scale()
    if scale is None:
        raise NoLayerError("a function must be of elements of a layer, all with one factor")
    if scale == 1:
        return Function(form, SAMPLES)
    return Function(form.times(np.array(1 / scale)), SAMPLES * scale)


def part_of(state: Raising, form: Form) -> Step:
    """The step whose elements a tensor has, each once."""
    return settled(state, form).step


def _activation(state: Raising, x: Function) -> Form:
    factor = x.samples[0] / SAMPLES[0]
    if np.allclose(x.samples, factor * SAMPLES, rtol=1e-6, atol=1e-9):
        return x.form.times(np.array(factor))
    name = next(
        (
            name
            for name, function in functions().items()
            if np.allclose(x.samples, function.double(SAMPLES), rtol=_CLOSE, atol=_CLOSE)
        ),
        None,
    )
    if name is None:
        known = ", ".join(functions())
        raise NoLayerError(f"the function of each element must be one of {known}, or installed")
    form = settled(state, x.form)
    source = form.step
    key = ("activation", id(source), name)
    if key not in state.made:
        state.made[key] = Step(
            op=Activation(function=name),
            inputs=(source,),
            features=source.features,
            place=state.place,
        )
    return Form(state.made[key], form.shape, form.terms)


def _norm(state: Raising, x: Normalized) -> Form:
    size = x.form.shape[-1]
    if x.form.step.features == size:
        form = x.form
        source = whole_rows(state, form)[0]
    else:
        form = settled(state, x.form)
        source = form.step
        runs = np.broadcast_to(form.terms[0].features, form.shape)
        begins = runs[..., :1]
        if (
            form.scale() != 1
            or source.features % size
            or (runs - begins != np.arange(size)).any()
            or (begins % size).any()
        ):
            raise NoLayerError("a norm must be of whole rows, or of whole heads in them")
    op: RmsNorm | LayerNorm
    weight = state.tensors.add(x.weight or _filled(size, 1.0), x.place, "weight")
    heads = source.features // size
    if not x.centered:
        op = RmsNorm(features=size, heads=heads, epsilon=x.epsilon, weight=weight)
    elif heads > 1:
        raise NoLayerError("norms of heads must be RMS norms, not layer norms")
    else:
        bias = state.tensors.add(x.bias or _filled(size, 0.0), x.place, "bias")
        op = LayerNorm(features=size, epsilon=x.epsilon, weight=weight, bias=bias)
    step = Step(op=op, inputs=(source,), features=source.features, place=x.place)
    term = replace(form.terms[0], factor=np.array(1.0))
    return Form(step, form.shape, (term,))


def _filled(size: int, value: float) -> Constant:
    """What a norm without trained tensors has."""
    values = np.full(size, value, dtype=np.float32)
    return Constant(native=values, shape=(size,), load=lambda: values)
