# SPDX-License-Identifier: Apache-2.0
"""What becomes of the last row: the next token."""

from dataclasses import dataclass

import numpy as np

from .checks import check_positive, features_of, matrix_of
from .feature_layout import FeatureLayout, fixed
from .op import Array, Lookup, Op, Padded, RowUse, Shape

__all__ = ["ArgMax", "LastToken"]


@dataclass(frozen=True, kw_only=True)
class LastToken(Op):
    """The last row only."""

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (1, matrix_of(self, inputs[0])[1])

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        return inputs[0][..., -1:, :]

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None,), same=(0,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        return Padded(op=self)


@dataclass(frozen=True, kw_only=True)
class ArgMax(Op):
    """The index of the greatest feature of each row; the lowest index wins a tie."""

    classes: int

    def __post_init__(self) -> None:
        check_positive(self, "classes")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (features_of(self, inputs[0], self.classes)[0],)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        return np.asarray(inputs[0].argmax(axis=-1))

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(fixed(self.classes),))
