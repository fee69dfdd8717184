# SPDX-License-Identifier: Apache-2.0
"""Element by element: sums, products and functions."""

from dataclasses import dataclass

import numpy as np

from ...numerics.functions import function_named
from .feature_layout import FeatureLayout
from .op import Array, Lookup, Op, Padded, RowUse, Shape, print_shape

__all__ = ["Activation", "Add", "Multiply"]


@dataclass(frozen=True, kw_only=True)
class Add(Op):
    """The sum of two values of one shape."""

    @property
    def arity(self) -> int:
        return 2

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if inputs[0] != inputs[1]:
            first, second = (print_shape(shape) for shape in inputs)
            raise ValueError(f"Add inputs must have one shape, not {first} and {second}")
        return inputs[0]

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        return np.asarray(inputs[0] + inputs[1])

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None, None), same=(0, 1))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        return Padded(op=self)


@dataclass(frozen=True, kw_only=True)
class Multiply(Op):
    """The product of two values of one shape, element by element: the gate of a layer."""

    @property
    def arity(self) -> int:
        return 2

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if inputs[0] != inputs[1]:
            first, second = (print_shape(shape) for shape in inputs)
            raise ValueError(f"Multiply inputs must have one shape, not {first} and {second}")
        return inputs[0]

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        return np.asarray(inputs[0] * inputs[1])

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None, None), same=(0, 1))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        return Padded(op=self)


@dataclass(frozen=True, kw_only=True)
class Activation(Op):
    """An elementwise nonlinear function, one of those installed."""

    function: str

    def __post_init__(self) -> None:
        function_named(self.function)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        return function_named(self.function).single(inputs[0])

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None,), same=(0,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        return Padded(op=self)
