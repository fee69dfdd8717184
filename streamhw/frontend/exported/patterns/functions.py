# SPDX-License-Identifier: Apache-2.0
"""Functions of one number, whole or in parts: told apart by their values."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ....numerics.functions import GELU_ERF, GELU_TANH, RELU, SILU
from ..state import Raising
from ..values import Function
from .layers import function_of
from .rule import Rule

__all__ = ["RULES"]

Reals = NDArray[np.float64]


def _rule(real: Callable[[Reals], Reals]) -> Rule:
    def rule(state: Raising, x: object, *_more: object) -> object:
        found = function_of(state, x)
        with np.errstate(all="ignore"):
            return Function(found.form, real(found.samples))

    return rule


def _sigmoid(x: Reals) -> Reals:
    return np.asarray(1 / (1 + np.exp(-x)))


def _erf(x: Reals) -> Reals:
    from scipy import special

    return np.asarray(special.erf(x))


def _softplus(x: Reals) -> Reals:
    return np.asarray(np.logaddexp(0, x))


def _gelu(state: Raising, x: object, approximate: str = "none") -> object:
    chosen = GELU_TANH if approximate == "tanh" else GELU_ERF
    return _rule(chosen.double)(state, x)


RULES: dict[str, Rule] = {
    "gelu": _gelu,
    "silu": _rule(SILU.double),
    "relu": _rule(RELU.double),
    "tanh": _rule(np.tanh),
    "sigmoid": _rule(_sigmoid),
    "exp": _rule(np.exp),
    "erf": _rule(_erf),
    "softplus": _rule(_softplus),
    "abs": _rule(np.abs),
    "square": _rule(np.square),
}
