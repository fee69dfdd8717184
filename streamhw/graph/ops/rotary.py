# SPDX-License-Identifier: Apache-2.0
"""Rotary embeddings: angles of positions, and the rotation of each head."""

from dataclasses import dataclass

import numpy as np

from .checks import check_positive, features_of
from .op import Array, Lookup, Op, Shape, print_shape

__all__ = ["Angles", "Rotary"]


@dataclass(frozen=True, kw_only=True)
class Angles(Op):
    """Cosines, then sines, of the angles by which rotary embeddings rotate pairs of features.

    Position p rotates pair i of ``features`` / 2 by ``p * base ** (-2 i / features)``. Layers take
    the ``bases`` in turn.
    """

    features: int
    bases: tuple[float, ...]

    def __post_init__(self) -> None:
        check_positive(self, "features")
        if self.features % 2:
            raise ValueError(f"Angles features must be even, not {self.features}")
        if not self.bases or any(base <= 1 for base in self.bases):
            raise ValueError(f"Angles bases must be above 1, not {self.bases}")

    def base(self, layer: int | None) -> float:
        """The base of a layer."""
        return self.bases[(layer or 0) % len(self.bases)]

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.features,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(inputs[0]) != 1:
            raise ValueError(f"Angles input must have shape [rows], not {print_shape(inputs[0])}")
        return (inputs[0][0], self.features)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        pairs = self.features // 2
        radians = inputs[0][..., None] * self.base(layer) ** (-np.arange(pairs) / pairs)
        return np.concatenate([np.cos(radians), np.sin(radians)], axis=-1).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Rotary(Op):
    """Rotary embedding: rotates features i and i + head_dim / 2 of a head by the row's angle i."""

    heads: int
    head_dim: int

    def __post_init__(self) -> None:
        check_positive(self, "heads", "head_dim")

    @property
    def arity(self) -> int:
        return 2

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.head_dim,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        value = features_of(self, inputs[0], self.heads * self.head_dim)
        if inputs[1] != (value[0], self.head_dim):
            expected = print_shape((value[0], self.head_dim))
            raise ValueError(f"Rotary angles must be {expected}, not {print_shape(inputs[1])}")
        return value

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        x, angles = inputs
        halves = x.reshape(*x.shape[:-1], self.heads, 2, self.head_dim // 2)
        first, second = halves[..., 0, :], halves[..., 1, :]
        cosine, sine = np.split(angles[..., None, :], 2, axis=-1)
        rotated = [first * cosine - second * sine, second * cosine + first * sine]
        return np.stack(rotated, axis=-2).reshape(x.shape)
