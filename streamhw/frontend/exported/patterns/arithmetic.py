# SPDX-License-Identifier: Apache-2.0
"""Sums and products: of residual streams and gates, of constants, of parts of functions."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....graph import Add, Gather, Input, Linear, Multiply
from ..constant import Constant
from ..form import Form
from ..no_layer_error import NoLayerError
from ..selection import whole_rows
from ..state import Raising
from ..step import Mask, Step
from ..values import Centered, Function, Mean, Moment, Normalized, Scores
from .embedding import positions_of
from .layers import form_of, function_of
from .norm import divided
from .rule import Rule
from .scores import masked

__all__ = ["RULES"]


def _number(x: object) -> float | None:
    """The one number that a constant is."""
    if isinstance(x, bool):
        return None
    if isinstance(x, int | float):
        return float(x)
    if isinstance(x, Constant) and x.size == 1 and not np.iscomplexobj(x.values):
        value = x.values.reshape(())
        # The decimal that 32-bit floats were rounded from: 1e-6, not 9.99999997e-7.
        return float(str(value)) if value.dtype == np.float32 else float(value)
    return None


def _add(state: Raising, a: object, b: object, alpha: float = 1) -> object:
    if alpha != 1:
        raise NoLayerError("sums must have no factor of their own")
    if isinstance(a, Constant | int | float):
        a, b = b, a
    number = _number(b)
    if number == 0:
        return a
    if isinstance(a, Moment) and number is not None and a.power == 1:
        return replace(a, epsilon=a.epsilon + number)
    if number is not None:
        found = function_of(state, a)
        return Function(found.form, found.samples + number)
    if isinstance(b, Constant):
        return _with_constant(state, a, b)
    if (function := _same_elements(state, a, b)) is not None:
        return Function(function[0].form, function[0].samples + function[1].samples)
    first, second = form_of(state, a), form_of(state, b)
    if first.step is second.step:
        return first.plus(second)
    return _joined(state, Add(), first, second)


def _with_constant(state: Raising, a: object, b: Constant) -> object:
    if isinstance(a, Scores):
        return masked(a, Mask(constant=b))
    if isinstance(a, Normalized) and a.centered and a.bias is None and b.shape == (b.size,):
        return replace(a, bias=b)
    form = form_of(state, a)
    op = form.step.op
    if b.size == form.step.features and isinstance(op, Linear) and op.bias is None:
        step = whole_rows(state, form)[0]
        if step is form.step:
            bias = state.tensors.add(b, state.place, "bias")
            return replace(form, step=replace(step, op=replace(op, bias=bias)))
    table = positions_of(state, b, form.shape)
    return _joined(state, Add(), form, table)


def _joined(state: Raising, op: Add | Multiply, first: Form, second: Form) -> Form:
    """A layer that reads two others; of a sum the one that the other comes from is first."""
    if first.shape[-2:] != second.shape[-2:]:
        raise NoLayerError(f"both must have one shape, not {first.shape} and {second.shape}")
    (a, last), (b, other) = whole_rows(state, first), whole_rows(state, second)
    if last or other:
        raise NoLayerError("the last row must be taken behind all layers")
    if isinstance(op, Add) and (a.depends_on(b) or _positions(a)):
        a, b = b, a
    step = Step(op=op, inputs=(a, b), features=a.features, place=state.place)
    return Form.rows_of(step, first.shape)


def _positions(step: Step) -> bool:
    return isinstance(step.op, Gather) and step.inputs[0].op == Input(role="positions")


def _same_elements(state: Raising, a: object, b: object) -> tuple[Function, Function] | None:
    """Both as functions of the same elements, if at least one is no plain tensor."""
    if not isinstance(a, Function) and not isinstance(b, Function):
        return None
    if not all(isinstance(x, Function | Form | Normalized) for x in (a, b)):
        return None
    one = a.form if isinstance(a, Function) else form_of(state, a)
    two = b.form if isinstance(b, Function) else form_of(state, b)
    if one.step is not two.step or one.scale() is None or two.scale() is None:
        return None
    first, second = function_of(state, a), function_of(state, b)
    return (first, second) if first.form.same_places(second.form) else None


def _subtract(state: Raising, a: object, b: object, alpha: float = 1) -> object:
    if isinstance(b, Mean) and isinstance(a, Form) and b.form.same_places(a):
        return Centered(a)
    if isinstance(a, int | float | Constant):
        return _add(state, _negate(state, b), a, alpha)
    if (number := _number(b)) is not None:
        return _add(state, a, -number, alpha)
    if isinstance(b, Constant):
        raise NoLayerError("what is subtracted must be one number or another tensor")
    return _add(state, a, _negate(state, b), alpha)


def _negate(state: Raising, x: object) -> object:
    if isinstance(x, Function):
        return Function(x.form, -x.samples)
    return form_of(state, x).times(np.array(-1.0))


def _multiply(state: Raising, a: object, b: object) -> object:
    if isinstance(a, Constant | int | float):
        a, b = b, a
    if isinstance(a, Moment):
        a, b = b, a
    if isinstance(b, Moment):
        return divided(state, a, replace(b, power=-b.power))
    number = _number(b)
    if number is not None:
        if isinstance(a, Function):
            return Function(a.form, a.samples * number)
        if isinstance(a, Scores):
            return replace(a, scale=a.scale * number)
        return _scaled(state, form_of(state, a), number)
    if isinstance(b, Constant):
        if isinstance(a, Normalized) and a.weight is None and b.size == a.form.shape[-1]:
            return replace(a, weight=_flat(b))
        return form_of(state, a).times(_numbers(b))
    if a is b or (isinstance(a, Form) and isinstance(b, Form) and a.same_places(b)):
        return _power(state, a, 2)
    if isinstance(a, Centered) and isinstance(b, Centered) and a.form.same_places(b.form):
        return replace(a, squared=True)
    if (function := _same_elements(state, a, b)) is not None:
        return Function(function[0].form, function[0].samples * function[1].samples)
    first, second = form_of(state, a), form_of(state, b)
    if isinstance(a, Function):
        first, second = second, first
    return _joined(state, Multiply(), first, second)


def _scaled(state: Raising, form: Form, number: float) -> Form:
    """Times a number; an embedding has it from the beginning."""
    scaled = form.times(np.array(number))
    if not isinstance(form.step.op, Gather) or number <= 0:
        return scaled
    step, last = whole_rows(state, scaled)
    return scaled if last else Form.rows_of(step, form.shape)


def _flat(x: Constant) -> Constant:
    """A vector, whatever axes of 1 it has."""
    if len(x.shape) == 1:
        return x
    return replace(x, shape=(x.size,), load=lambda: np.asarray(x.load()).reshape(-1))


def _numbers(x: Constant) -> NDArray[np.complexfloating] | NDArray[np.float64]:
    values = x.values
    return values if np.iscomplexobj(values) else values.astype(np.float64)


def _divide(state: Raising, a: object, b: object, rounding: str | None = None) -> object:
    if rounding is not None:
        raise NoLayerError("quotients must not be rounded")
    if isinstance(b, Moment):
        return divided(state, a, b)
    if (number := _number(b)) is not None and number != 0:
        return _multiply(state, a, 1 / number)
    if (number := _number(a)) is not None:
        if isinstance(b, Moment):
            return _multiply(state, replace(b, power=-b.power), number)
        found = function_of(state, b)
        with np.errstate(all="ignore"):
            return Function(found.form, number / found.samples)
    if (function := _same_elements(state, a, b)) is not None:
        with np.errstate(all="ignore"):
            return Function(function[0].form, function[0].samples / function[1].samples)
    raise NoLayerError("what divides must be one number or the root of a mean square")


def _power(state: Raising, x: object, exponent: object) -> object:
    number = _number(exponent)
    if number is None:
        raise NoLayerError("exponents must be one number")
    if isinstance(x, Moment):
        return replace(x, power=x.power * number)
    if isinstance(x, Centered) and number == 2 and not x.squared:
        return replace(x, squared=True)
    found = function_of(state, x)
    with np.errstate(all="ignore"):
        return Function(found.form, found.samples**number)


def _root(exponent: float) -> Rule:
    def rule(state: Raising, x: object) -> object:
        return _power(state, x, exponent)

    return rule


RULES: dict[str, Rule] = {
    "add": _add,
    "sub": _subtract,
    "mul": _multiply,
    "div": _divide,
    "true_divide": _divide,
    "neg": _negate,
    "pow": _power,
    "sqrt": _root(0.5),
    "rsqrt": _root(-0.5),
    "reciprocal": _root(-1),
}
