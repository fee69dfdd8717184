# SPDX-License-Identifier: Apache-2.0
"""Normalization of rows, and of the heads in them."""

from dataclasses import dataclass

import numpy as np

from .checks import check_positive, features_of
from .op import Array, Lookup, Op, Parameter, Shape

__all__ = ["LayerNorm", "RmsNorm"]


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Op):
    """Each row minus its mean, over its deviation, times ``weight``, plus ``bias``."""

    features: int
    epsilon: float
    weight: str
    bias: str

    def __post_init__(self) -> None:
        check_positive(self, "features")
        if self.epsilon <= 0:
            raise ValueError(f"LayerNorm epsilon must be positive, not {self.epsilon}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.weight, (self.features,)), Parameter(self.bias, (self.features,)))

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.features,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return features_of(self, inputs[0], self.features)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        x = inputs[0] - inputs[0].mean(axis=-1, keepdims=True)
        deviation = np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        return np.asarray(x / deviation * parameters(self.weight) + parameters(self.bias))


@dataclass(frozen=True, kw_only=True)
class RmsNorm(Op):
    """Each row over the root of its mean square, times ``weight``.

    heads: runs of ``features`` elements in a row that are normalized each by itself, all with the
        same weight
    """

    features: int
    epsilon: float
    weight: str
    heads: int = 1

    def __post_init__(self) -> None:
        check_positive(self, "features", "heads")
        if self.epsilon <= 0:
            raise ValueError(f"RmsNorm epsilon must be positive, not {self.epsilon}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.weight, (self.features,)),)

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.features,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return features_of(self, inputs[0], self.heads * self.features)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        rows = inputs[0].reshape(*inputs[0].shape[:-1], self.heads, self.features)
        root = np.sqrt((rows * rows).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        return np.asarray(rows / root * parameters(self.weight)).reshape(inputs[0].shape)
