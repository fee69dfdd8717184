# SPDX-License-Identifier: Apache-2.0
"""What the user may choose about quantization; everything else is measured."""

from dataclasses import dataclass

__all__ = ["PROBABILITIES", "RESIDUAL_WIDTH", "SCORES", "QuantConfig"]

from ..numerics.fixed import Fixed

RESIDUAL_WIDTH = 24
"""Bits of the residual stream."""
SCORES = Fixed(18, 10)
"""Attention scores: up to 128 with a step of 2**-10, an error of 0.05 % in a probability."""
PROBABILITIES = Fixed(16, 16, signed=False)
"""Softmax results."""


@dataclass(frozen=True, kw_only=True)
class QuantConfig:
    """Bits of weights and how their scales are found. Activations have 8 bits.

    weight_bits: 4 or 8
    head_bits: of the last Linear; ``weight_bits`` if ``None``
    group: input columns that share a multiplier in 4-bit matrices; ``None``: one scale a row.
        8-bit matrices always have one scale a row
    smoothing: how far activation scales follow the channels' ranges: 1 entirely, 0 leaves weights
        of one magnitude; ``None``: the measured best, 0.5 for 4 bits and 1 for 8
    compensate: spread each column's rounding error over the columns not yet rounded, by second
        moments of the calibration activations; only for 4 bits and weights from a checkpoint
    tokens: calibration tokens; ``None``: 8,192, fewer where the model is large
    seed: of the random tokens that calibrate a model without text
    """

    weight_bits: int = 4
    head_bits: int | None = None
    scale_group: int | None = 64
    smoothing: float | None = None
    compensate: bool = True
    tokens: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, bits in (("weight_bits", self.weight_bits), ("head_bits", self.head_bits)):
            if bits not in (4, 8) and not (name == "head_bits" and bits is None):
                raise ValueError(f"QuantConfig {name} must be 4 or 8, not {bits}")
        if self.scale_group is not None and self.scale_group < 1:
            raise ValueError(f"QuantConfig scale_group must be positive, not {self.scale_group}")
        if self.smoothing is not None and not 0 <= self.smoothing <= 1:
            raise ValueError(f"QuantConfig smoothing must be 0 to 1, not {self.smoothing}")
        if self.tokens is not None and self.tokens < 1:
            raise ValueError(f"QuantConfig tokens must be positive, not {self.tokens}")

    def bits(self, *, head: bool) -> int:
        """Weight bits of the head or of any other matrix."""
        return self.weight_bits if not head or self.head_bits is None else self.head_bits

    def group_of(self, bits: int) -> int | None:
        """Columns that share a multiplier in a matrix of ``bits``."""
        return self.scale_group if bits == 4 else None

    def smoothing_of(self, bits: int) -> float:
        """``smoothing``, or its default for a matrix of ``bits``."""
        if self.smoothing is not None:
            return self.smoothing
        return 0.5 if bits == 4 else 1.0

    def __str__(self) -> str:
        return f"W{self.weight_bits}A8"
