# SPDX-License-Identifier: Apache-2.0
"""Products with trained matrices, and of rows with each other."""

from dataclasses import replace

import numpy as np

from ....graph import LastToken, Linear
from ..constant import Constant
from ..form import Form
from ..no_layer_error import NoLayerError
from ..selection import whole_rows
from ..state import Raising
from ..step import Step
from ..values import Scores
from .layers import form_of
from .rule import Rule
from .scores import attended, scores

__all__ = ["RULES"]


def _product(
    state: Raising, x: object, weight: Constant, bias: Constant | None, *, transposed: bool
) -> Form:
    """Rows times a matrix [outputs, inputs], or [inputs, outputs] if that is transposed."""
    form = form_of(state, x)
    if weight.transposed:
        weight, transposed = weight.upright, not transposed
    if len(weight.shape) != 2:
        raise NoLayerError("trained matrices must have two axes")
    inputs, outputs = weight.shape if transposed else weight.shape[::-1]
    if form.shape[-1] != inputs:
        raise NoLayerError(f"rows must have {inputs} features, not {form.shape[-1]}")
    source, last = whole_rows(state, form)
    if last:
        source = Step(op=LastToken(), inputs=(source,), features=source.features, place=state.place)
    if bias is not None and bias.size != outputs:
        raise NoLayerError(f"a bias must have {outputs} elements, not {bias.size}")
    op = Linear(
        inputs=inputs,
        outputs=outputs,
        weight=state.tensors.add(weight, state.place, "weight"),
        bias=None if bias is None else state.tensors.add(bias, state.place, "bias"),
        transposed=transposed,
    )
    step = Step(op=op, inputs=(source,), features=outputs, place=state.place)
    made = Form.rows_of(step, (*form.shape[:-1], outputs))
    if last:
        rows = np.array([[state.rows - 1]])
        return replace(made, terms=tuple(replace(term, rows=rows) for term in made.terms))
    return made


def _linear(state: Raising, x: object, weight: object, bias: object = None) -> object:
    if not isinstance(weight, Constant) or not isinstance(bias, Constant | None):
        raise NoLayerError("matrices must not depend on the tokens")
    return _product(state, x, weight, bias, transposed=False)


def _addmm(
    state: Raising, bias: object, x: object, weight: object, beta: float = 1, alpha: float = 1
) -> object:
    if beta != 1 or alpha != 1:
        raise NoLayerError("products must have no factor of their own")
    if not isinstance(weight, Constant) or not isinstance(bias, Constant):
        raise NoLayerError("matrices must not depend on the tokens")
    return _product(state, x, weight, bias, transposed=True)


def _matmul(state: Raising, a: object, b: object) -> object:
    if isinstance(b, Constant):
        return _product(state, a, b, None, transposed=True)
    if isinstance(a, Scores):
        return attended(state, a, form_of(state, b))
    if isinstance(a, Constant):
        raise NoLayerError("matrices must be behind the rows that they are multiplied with")
    return scores(form_of(state, a), form_of(state, b))


RULES: dict[str, Rule] = {
    "linear": _linear,
    "addmm": _addmm,
    **dict.fromkeys(("matmul", "mm", "bmm"), _matmul),
}
