# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions: a name and a formula each; tables and references follow from it.

scipy is imported where a formula is computed: those who only name a function do not wait for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..extensions import combined, extensions

__all__ = ["BUILT_IN", "GELU_ERF", "GELU_TANH", "GROUP", "RELU", "SILU", "ElementwiseFunction"]
__all__ += ["function_named", "functions"]

GROUP = "streamhw.function"
"""Entry points that name an ``ElementwiseFunction``."""

Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class ElementwiseFunction:
    """A function of one real number.

    name: as graphs name it, an identifier
    real: the exact function of an array of floats, defined at module level so that it pickles
    """

    name: str
    real: Callable[[Numbers], Numbers]

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"Function name must be an identifier, not {self.name!r}")

    def single(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The function in 32-bit floats."""
        return np.asarray(self.real(x), dtype=np.float32)

    def double(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The function in 64-bit floats, as tables are made from it."""
        return np.asarray(self.real(x), dtype=np.float64)

    def __str__(self) -> str:
        return self.name


def _gelu_tanh(x: Numbers) -> Numbers:
    from scipy import special

    # (1 + tanh(u)) / 2 = expit(2 u) loses no digits where tanh(u) is near -1.
    return np.asarray(x * special.expit(sqrt(8 / pi) * (x + 0.044715 * x**3)))


def _gelu_erf(x: Numbers) -> Numbers:
    from scipy import special

    return np.asarray(x * special.ndtr(x))


def _silu(x: Numbers) -> Numbers:
    from scipy import special

    return np.asarray(x * special.expit(x))


def _relu(x: Numbers) -> Numbers:
    return np.maximum(x, 0)


GELU_TANH = ElementwiseFunction(name="gelu_tanh", real=_gelu_tanh)
GELU_ERF = ElementwiseFunction(name="gelu_erf", real=_gelu_erf)
SILU = ElementwiseFunction(name="silu", real=_silu)
RELU = ElementwiseFunction(name="relu", real=_relu)

BUILT_IN: Mapping[str, ElementwiseFunction] = {f.name: f for f in (GELU_TANH, GELU_ERF, SILU, RELU)}
"""The functions that come with streamhw, by name."""


def functions() -> Mapping[str, ElementwiseFunction]:
    """All functions that are installed, by name.

    Raises ``UserError`` if an entry point is broken, or two functions have one name.
    """
    added = extensions(GROUP, ElementwiseFunction)
    return combined("Function", BUILT_IN, ((e.value.name, e) for e in added))


def function_named(name: str) -> ElementwiseFunction:
    """The function of that name; raises ``ValueError`` if there is none."""
    known = functions()
    if name not in known:
        raise ValueError(f"Function must be one of {', '.join(known)}, not {name!r}")
    return known[name]
