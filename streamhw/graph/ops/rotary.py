# SPDX-License-Identifier: Apache-2.0
"""Rotary embeddings: angles of positions, and the rotation of each head."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .checks import check_counted, check_positive, features_of
from .feature_layout import FeatureLayout, heads_of
from .op import Array, Lookup, Op, Padded, RowUse, Shape, print_shape

__all__ = ["Angles", "Rotary", "Scaling"]


Scaling = tuple[float, float, float] | tuple[float, float, float, float]
"""How frequencies are lowered for contexts beyond the first training: factor, shortest, longest;
with an amplitude as YaRN does it."""


@dataclass(frozen=True, kw_only=True)
class Angles(Op):
    """Cosines, then sines, of the angles by which rotary embeddings rotate pairs of features.

    Position p rotates pair i of ``features`` / 2 by p times the frequency
    ``base ** (-2 i / counted)``. With a scaling (factor, shortest, longest), frequencies whose
    wavelength is above ``longest`` positions are divided by ``factor``, those below ``shortest``
    are kept, and between the share that is kept grows evenly with the frequency; (factor, 0, 0)
    divides all. With an amplitude behind these three, the share grows evenly with the logarithm of
    the frequency (YaRN), and cosines and sines are multiplied by it. Layers take the ``bases`` in
    turn, and the ``scalings`` if there are any.

    counted: features that are rotated; pairs behind them are not; ``None``: all
    """

    features: int
    bases: tuple[float, ...]
    scalings: tuple[Scaling, ...] = ()
    counted: int | None = None

    def __post_init__(self) -> None:
        check_positive(self, "features")
        if self.features % 2:
            raise ValueError(f"Angles features must be even, not {self.features}")
        if not self.bases or any(base <= 1 for base in self.bases):
            raise ValueError(f"Angles bases must be above 1, not {self.bases}")
        for factor, shortest, longest, *amplitude in self.scalings:
            ordered = 0 < shortest <= longest or shortest == longest == 0
            if amplitude and not (0 < amplitude[0] < 2 and 0 < shortest < longest):
                raise ValueError(
                    "Angles scalings must have an amplitude above 0 and below 2 with wavelengths "
                    f"in order, not {(factor, shortest, longest, *amplitude)}"
                )
            if factor < 1 or not ordered:
                raise ValueError(
                    "Angles scalings must have a factor of at least 1 and two wavelengths in "
                    f"order, or twice 0, not {(factor, shortest, longest)}"
                )
        check_counted(self.kind, self.counted, self.features)
        if self.pairs * 2 != (self.counted or self.features):
            raise ValueError(f"Angles counted must be even, not {self.counted}")

    @property
    def pairs(self) -> int:
        """Pairs of features that are rotated."""
        return (self.counted or self.features) // 2

    @property
    def layered(self) -> bool:
        """Whether layers have angles of their own."""
        return len(self.bases) > 1 or len(self.scalings) > 1

    def frequencies(self, layer: int | None) -> NDArray[np.float64]:
        """Radians a position of each pair in a layer."""
        base = self.bases[(layer or 0) % len(self.bases)]
        plain = np.asarray(base ** (-np.arange(self.pairs) / self.pairs))
        if self.scalings:
            plain = self._scaled(plain, layer)
        return np.pad(plain, (0, self.features // 2 - self.pairs))

    def amplitudes(self, layer: int | None) -> NDArray[np.float64]:
        """What the cosine and sine of each pair are multiplied by in a layer."""
        _, _, _, *amplitude = self._scaling(layer)
        rotated = np.full(self.pairs, amplitude[0] if amplitude else 1.0)
        return np.pad(rotated, (0, self.features // 2 - self.pairs), constant_values=1.0)

    def _scaling(self, layer: int | None) -> Scaling:
        return (
            self.scalings[(layer or 0) % len(self.scalings)] if self.scalings else (1.0, 0.0, 0.0)
        )

    def _scaled(self, plain: NDArray[np.float64], layer: int | None) -> NDArray[np.float64]:
        factor, shortest, longest, *amplitude = self._scaling(layer)
        turns = plain / (2 * np.pi)  # a position: the reciprocals of wavelengths
        if amplitude:
            share = 1 - np.clip(-np.log(turns * shortest) / np.log(longest / shortest), 0, 1)
        elif shortest == longest:
            share = (turns * longest > 1).astype(np.float64)
        else:
            share = np.clip((turns - 1 / longest) / (1 / shortest - 1 / longest), 0, 1)
        return np.asarray(plain * (share + (1 - share) / factor))

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.features,)

    @property
    def half_rows(self) -> tuple[int, ...]:
        return (self.features // 2,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(inputs[0]) != 1:
            raise ValueError(f"Angles input must have shape [rows], not {print_shape(inputs[0])}")
        return (inputs[0][0], self.features)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        radians = inputs[0][..., None] * self.frequencies(layer)
        size = self.amplitudes(layer)
        both = [size * np.cos(radians), size * np.sin(radians)]
        return np.concatenate(both, axis=-1).astype(np.float32)

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None,), gives=heads_of(1, self.features).head)

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        counted = 2 * self.pairs if gives.is_padded else self.counted
        return Padded(op=replace(self, features=gives.padded, counted=counted))


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

    @property
    def half_rows(self) -> tuple[int, ...]:
        return (self.head_dim // 2,)

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

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        cut = heads_of(self.heads, self.head_dim)
        return RowUse(reads=(cut, cut.head), gives=cut, same=(0,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        return Padded(op=replace(self, heads=gives.heads, head_dim=gives.head.padded))
