# SPDX-License-Identifier: Apache-2.0
"""Normalization of rows, and of the heads in them."""

from dataclasses import dataclass, replace

import numpy as np

from .checks import check_counted, check_positive, features_of
from .feature_layout import FeatureLayout, heads_of
from .op import Array, Lookup, Op, Padded, Parameter, RowUse, Shape

__all__ = ["LayerNorm", "RmsNorm"]


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Op):
    """Each row minus its mean, over its deviation, times ``weight``, plus ``bias``.

    counted: features that means are taken over; the others are zeros; ``None``: all
    """

    features: int
    epsilon: float
    weight: str
    bias: str
    counted: int | None = None

    def __post_init__(self) -> None:
        check_positive(self, "features")
        if self.epsilon <= 0:
            raise ValueError(f"LayerNorm epsilon must be positive, not {self.epsilon}")
        check_counted(self.kind, self.counted, self.features)

    @property
    def count(self) -> int:
        """Features that means are taken over."""
        return self.counted or self.features

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.weight, (self.features,)), Parameter(self.bias, (self.features,)))

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.features,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return features_of(self, inputs[0], self.features)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        mean = inputs[0].sum(axis=-1, keepdims=True) / np.float32(self.count)
        x = inputs[0] - mean
        # Each feature that is not counted has a square of the mean.
        extra = (self.features - self.count) * mean * mean
        square = ((x * x).sum(axis=-1, keepdims=True) - extra) / np.float32(self.count)
        deviation = np.sqrt(square + np.float32(self.epsilon))
        return np.asarray(x / deviation * parameters(self.weight) + parameters(self.bias))

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None,), same=(0,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        counted = self.count if gives.is_padded else self.counted
        op = replace(self, features=gives.padded, counted=counted)
        return Padded(op=op, parameters=((gives,), (gives,)))


@dataclass(frozen=True, kw_only=True)
class RmsNorm(Op):
    """Each row over the root of its mean square, times ``weight``.

    heads: runs of ``features`` elements in a row that are normalized each by itself, all with the
        same weight
    counted: features that means are taken over; the others are zeros; ``None``: all
    """

    features: int
    epsilon: float
    weight: str
    heads: int = 1
    counted: int | None = None

    def __post_init__(self) -> None:
        check_positive(self, "features", "heads")
        if self.epsilon <= 0:
            raise ValueError(f"RmsNorm epsilon must be positive, not {self.epsilon}")
        check_counted(self.kind, self.counted, self.features)

    @property
    def count(self) -> int:
        """Features that means are taken over."""
        return self.counted or self.features

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
        square = (rows * rows).sum(axis=-1, keepdims=True) / np.float32(self.count)
        root = np.sqrt(square + np.float32(self.epsilon))
        return np.asarray(rows / root * parameters(self.weight)).reshape(inputs[0].shape)

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        cut = heads_of(self.heads, self.features) if self.heads > 1 else None
        return RowUse(reads=(cut,), gives=cut, same=(0,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        counted = self.count if gives.head.is_padded else self.counted
        op = replace(self, features=gives.head.padded, heads=gives.heads, counted=counted)
        return Padded(op=op, parameters=((gives.head,),))
