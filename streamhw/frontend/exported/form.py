# SPDX-License-Identifier: Apache-2.0
"""Tensors whose elements are sums of a few elements of one layer's rows, times known factors.

Views, transposes, slices, copies for groups of heads, and rotations of pairs move and scale
elements. Here they move and scale *places*: for each element of a tensor, the row and the feature
of the layer that it came from, and its factor. So no order of such operations needs a pattern of
its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .no_layer_error import NoLayerError
from .step import Step

__all__ = ["Form", "Term", "joined"]

Change = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Term:
    """One summand of each element: where it comes from, and its factor, which may be complex."""

    rows: NDArray[np.int64]
    features: NDArray[np.int64]
    factor: NDArray[Any]

    def changed(self, change: Change, shape: tuple[int, ...]) -> "Term":
        def moved(values: NDArray[Any]) -> NDArray[Any]:
            return change(np.broadcast_to(values, shape))

        factor = self.factor if self.factor.ndim == 0 else moved(self.factor)
        return Term(moved(self.rows), moved(self.features), factor)


_ONE = np.array(1.0)


@dataclass(frozen=True, eq=False)
class Form:
    """A tensor of that shape whose elements are sums of terms of the rows of ``step``."""

    step: Step
    shape: tuple[int, ...]
    terms: tuple[Term, ...]

    @staticmethod
    def rows_of(step: Step, shape: tuple[int, ...]) -> "Form":
        """The rows of a step as they are, in a tensor [..., rows, features]."""
        rows = np.arange(shape[-2], dtype=np.int64)[:, None]
        features = np.arange(shape[-1], dtype=np.int64)
        return Form(step, shape, (Term(rows, features, _ONE),))

    def moved(self, change: Change) -> "Form":
        """What a change of the order of elements makes of it."""
        terms = tuple(term.changed(change, self.shape) for term in self.terms)
        return Form(self.step, terms[0].rows.shape, terms)

    def times(self, factor: NDArray[Any]) -> "Form":
        """Element by element times a constant, broadcast as usual."""
        shape = np.broadcast_shapes(self.shape, factor.shape)
        if factor.size == 1:
            factor = factor.reshape(())
        terms = tuple(Term(t.rows, t.features, t.factor * factor) for t in self.terms)
        return Form(self.step, shape, terms)

    def plus(self, other: "Form") -> "Form":
        """The sum with another tensor of the same rows."""
        shape = np.broadcast_shapes(self.shape, other.shape)
        return Form(self.step, shape, (*self.terms, *other.terms))

    def parts(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> "Form":
        """With changed factors."""
        terms = tuple(Term(t.rows, t.features, change(t.factor)) for t in self.terms)
        return Form(self.step, self.shape, terms)

    def same_places(self, other: "Form") -> bool:
        """Whether both hold the same elements in the same order, with factors of 1."""
        if self is other:
            return True
        if self.step is not other.step or self.shape != other.shape:
            return False
        if len(self.terms) != 1 or len(other.terms) != 1:
            return False
        a, b = self.terms[0], other.terms[0]
        return all(
            np.array_equal(np.broadcast_to(x, self.shape), np.broadcast_to(y, self.shape))
            for x, y in ((a.rows, b.rows), (a.features, b.features))
        )

    def scale(self) -> float | None:
        """The one factor of all elements, if there is one."""
        if len(self.terms) != 1:
            return None
        factor = self.terms[0].factor
        first = factor.flat[0]
        return float(first.real) if (factor == first).all() and np.isreal(first) else None


def joined(forms: Sequence[Form], axis: int, *, stacked: bool = False) -> Form:
    """Tensors of one layer one behind the other, or on a new axis."""
    step = forms[0].step
    if any(form.step is not step for form in forms):
        raise NoLayerError("tensors that are joined must be of one layer")
    combine: Callable[..., NDArray[Any]] = np.stack if stacked else np.concatenate
    terms = []
    for index in range(max(len(form.terms) for form in forms)):
        pieces = []
        for form in forms:
            absent = index >= len(form.terms)
            term = form.terms[0 if absent else index]
            whole = (term.rows, term.features, term.factor * (0.0 if absent else 1.0))
            pieces.append([np.broadcast_to(values, form.shape) for values in whole])
        terms.append(Term(*(combine([p[i] for p in pieces], axis=axis) for i in range(3))))
    return Form(step, terms[0].rows.shape, tuple(terms))
