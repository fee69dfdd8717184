# SPDX-License-Identifier: Apache-2.0
"""Fixed-point number formats: the only bridge between floats and the integers of the hardware."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Shape
from numpy.typing import ArrayLike, NDArray

__all__ = ["Fixed", "round_shift"]

Ints = NDArray[np.int64]


def round_shift(values: Ints, shift: int | Ints) -> Ints:
    """Divides integers by ``2**shift`` and rounds half up, as one adder and a shift do in hardware.

    ``shift`` must not be negative; 0 returns the values unchanged.
    """
    amount = np.asarray(shift, dtype=np.int64)
    half = np.where(amount > 0, np.int64(1) << np.maximum(amount - 1, 0), 0)
    return (np.asarray(values, dtype=np.int64) + half) >> amount


@dataclass(frozen=True, order=True)
class Fixed:
    """A two's-complement (or unsigned) number of ``width`` bits, ``frac`` of them after the point.

    The integer ``q`` stands for the real number ``q * 2**-frac``; ``frac`` may be negative or
    exceed ``width``. Integers (indices, lengths, weights with a scale kept elsewhere) have
    ``frac = 0``. Width in bits, 1 to 1024; formats wider than 62 bits carry raw bits only.
    """

    width: int
    frac: int = 0
    signed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 65536:
            raise ValueError(f"Fixed width must be 1 to 65536 bits, not {self.width}")

    @property
    def minimum(self) -> int:
        """The smallest integer code."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """The largest integer code."""
        return (1 << (self.width - int(self.signed))) - 1

    @property
    def step(self) -> float:
        """The distance of two neighboring numbers: one LSB."""
        return 2.0**-self.frac

    @property
    def shape(self) -> Shape:
        """The Amaranth shape of one element."""
        return Shape(self.width, self.signed)

    def saturate(self, codes: Ints) -> Ints:
        """Clamps integer codes to the range of this format."""
        return np.clip(np.asarray(codes, dtype=np.int64), self.minimum, self.maximum)

    def encode(self, values: ArrayLike) -> Ints:
        """Rounds real numbers half up to codes, saturating."""
        scaled = np.array(values, dtype=np.float64)
        scaled *= 2.0**self.frac
        scaled += 0.5
        np.floor(scaled, out=scaled)
        np.clip(scaled, self.minimum, self.maximum, out=scaled)
        return scaled.astype(np.int64)

    def decode(self, codes: ArrayLike) -> NDArray[np.float64]:
        """The real numbers that codes stand for."""
        return np.asarray(codes, dtype=np.float64) * self.step

    def requantize(self, codes: Ints, source: "Fixed") -> Ints:
        """Converts codes of ``source`` to this format: round half up, saturate."""
        shift = source.frac - self.frac
        values = np.asarray(codes, dtype=np.int64)
        moved = round_shift(values, shift) if shift >= 0 else values << -shift
        return self.saturate(moved)

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}" + (f".{self.frac}" if self.frac else "")
