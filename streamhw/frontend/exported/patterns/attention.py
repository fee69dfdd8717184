# SPDX-License-Identifier: Apache-2.0
"""Attention, whole or from scores, masks and softmax."""

from dataclasses import replace

import numpy as np

from ..constant import Constant
from ..no_layer_error import NoLayerError
from ..state import Raising
from ..step import Mask
from ..values import Scores
from .layers import form_of
from .rule import Rule
from .scores import attended, masked, scores

__all__ = ["RULES"]


def _whole(
    state: Raising,
    queries: object,
    keys: object,
    values: object,
    mask: object = None,
    dropout: float = 0.0,
    causal: bool = False,
    scale: float | None = None,
    grouped: bool = False,
) -> object:
    if dropout:
        raise NoLayerError("dropout must be switched off: call eval() before the export")
    q, k, v = (form_of(state, x) for x in (queries, keys, values))
    found = scores(q, k.moved(lambda array: array.swapaxes(-1, -2)))
    found = replace(found, scale=q.shape[-1] ** -0.5 if scale is None else scale)
    if causal:
        causal_mask = np.tril(np.ones((state.rows, state.rows), dtype=np.bool_))
        found = replace(found, mask=causal_mask)
    if mask is not None:
        found = masked(found, Mask(constant=_mask(mask)))
    return attended(state, replace(found, probabilities=True), v)


def _mask(mask: object) -> Constant:
    if not isinstance(mask, Constant):
        raise NoLayerError("masks must not depend on the tokens")
    return mask


def _softmax(state: Raising, x: object, axis: int, *_kind: object) -> object:
    if not isinstance(x, Scores) or axis % len(x.shape) != len(x.shape) - 1 or x.probabilities:
        raise NoLayerError("softmax must be of scores of attention, over positions")
    return replace(x, probabilities=True)


def _masked_fill(state: Raising, x: object, mask: object, value: object) -> object:
    number = value if isinstance(value, int | float) else _only(value)
    if not isinstance(x, Scores) or number > -1e4:
        raise NoLayerError("what is filled in must hide scores of attention")
    return masked(x, Mask(constant=_mask(mask), inverse=True))


def _only(value: object) -> float:
    if not isinstance(value, Constant) or value.size != 1:
        raise NoLayerError("what is filled in must be one number")
    return float(value.values.reshape(()))


def _where(state: Raising, mask: object, x: object, other: object) -> object:
    if isinstance(other, Scores):
        if other.probabilities and not _mask(mask).values.any():
            return other
        return _masked_fill(state, other, mask, x)
    number = other if isinstance(other, int | float) else _only(other)
    if not isinstance(x, Scores) or number > -1e4:
        raise NoLayerError("what is chosen between must be scores of attention and what hides one")
    return masked(x, Mask(constant=_mask(mask)))


def _not_a_number(state: Raising, x: object) -> object:
    """Each row reads its own position, so that no sum of probabilities is 0."""
    if not isinstance(x, Scores) or not x.probabilities:
        raise NoLayerError("what may be no number must be probabilities of attention")
    values = np.zeros((), dtype=np.bool_)
    return Constant(native=values, shape=(), load=lambda: values)


RULES: dict[str, Rule] = {
    "isnan": _not_a_number,
    "scaled_dot_product_attention": _whole,
    "softmax": _softmax,
    "_softmax": _softmax,
    "_safe_softmax": _softmax,
    "masked_fill": _masked_fill,
    "where": _where,
}
