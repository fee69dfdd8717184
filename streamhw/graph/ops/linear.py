# SPDX-License-Identifier: Apache-2.0
"""Matrix products, and the parts of their results."""

from dataclasses import dataclass, replace

import numpy as np

from .checks import check_positive, features_of, matrix_of
from .feature_layout import FeatureLayout
from .op import Array, Lookup, Op, Padded, Parameter, RowUse, Shape
from .work import MatrixProduct, RowPart

__all__ = ["Chunk", "Linear"]


@dataclass(frozen=True, kw_only=True)
class Linear(Op):
    """A matrix product over the features, plus ``bias`` if it is named.

    transposed: whether the checkpoint stores the matrix as [inputs, outputs]; if not, it is
        [outputs, inputs]
    """

    inputs: int
    outputs: int
    weight: str
    bias: str | None = None
    transposed: bool = False

    def __post_init__(self) -> None:
        check_positive(self, "inputs", "outputs")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        shape = (self.inputs, self.outputs) if self.transposed else (self.outputs, self.inputs)
        weight = (Parameter(self.weight, shape),)
        return weight if self.bias is None else (*weight, Parameter(self.bias, (self.outputs,)))

    @property
    def product(self) -> MatrixProduct:
        return MatrixProduct(inputs=self.inputs, outputs=self.outputs)

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.inputs,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (features_of(self, inputs[0], self.inputs)[0], self.outputs)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        weight = parameters(self.weight)
        y = inputs[0] @ (weight if self.transposed else weight.T)
        return np.asarray(y if self.bias is None else y + parameters(self.bias))

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        weight = (reads[0], gives) if self.transposed else (gives, reads[0])
        return Padded(
            op=replace(self, inputs=reads[0].padded, outputs=gives.padded),
            parameters=(weight,) if self.bias is None else (weight, (gives,)),
        )


@dataclass(frozen=True, kw_only=True)
class Chunk(Op):
    """Part ``index`` of the features cut into ``parts`` equal runs."""

    index: int
    parts: int

    def __post_init__(self) -> None:
        check_positive(self, "parts")
        if not 0 <= self.index < self.parts:
            raise ValueError(f"Chunk index must be 0 to {self.parts - 1}, not {self.index}")

    @property
    def row_part(self) -> RowPart:
        return RowPart(index=self.index, parts=self.parts)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        rows, features = matrix_of(self, inputs[0])
        if features % self.parts:
            raise ValueError(f"Chunk parts must divide the features, not {self.parts} | {features}")
        return (rows, features // self.parts)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        width = inputs[0].shape[-1] // self.parts
        return inputs[0][..., self.index * width : (self.index + 1) * width]

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        return Padded(op=self)
