# SPDX-License-Identifier: Apache-2.0
"""What the user may choose about quantization; everything else is measured."""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "PROBABILITIES",
    "RESIDUAL_FINE_BITS",
    "RESIDUAL_WIDTH",
    "SCORES",
    "QuantConfig",
]

from ..numerics.element_format import ElementFormat, element_format, integer_format
from ..numerics.fixed import Fixed

RESIDUAL_WIDTH = 24
"""Bits of the residual stream; more, as far as norms take them, if these are too coarse for the
usual features of a layer."""
RESIDUAL_FINE_BITS = 10
"""Bits from the step of the residual stream to the median of the features' peaks, at least."""
SCORES = Fixed(18, 10)
"""Attention scores: up to 128 with a step of 2**-10, an error of 0.05 % in a probability.
Models whose scores are larger get a coarser step."""
PROBABILITIES = Fixed(16, 16, signed=False)
"""Softmax results."""

_SCALE_GROUP = 64


@dataclass(frozen=True, kw_only=True)
class QuantConfig:
    """Bits of weights and how their scales are found. Activations have 8 bits.

    weight_bits: 4 or 8
    head_bits: of the last Linear; ``weight_bits`` if ``None``
    scale_group: input columns that share a multiplier; ``None``: one scale a row; ``"auto"``: 64
        columns in matrices of 4 bits, one scale a row in those of 8
    wide: names of products whose matrices have 8 bits, whatever those of the others have
    cache_bits: of an element of keys and values in memory, 4 or 8
    number_format: name of an installed format of all matrices, in place of the above
    rise: the greatest rise of perplexity against the float model, 0.05 for 5 %: the products that
        are to have 8 bits are yet to be chosen; ``None``: they are chosen
    smoothing: how far activation scales follow the channels' ranges: 1 entirely, 0 leaves weights
        of one magnitude; ``None``: what the number format says
    compensate: spread each column's rounding error over the columns not yet rounded, by second
        moments of the calibration activations, where the number format says so; only for weights
        from a checkpoint
    tokens: calibration tokens; ``None``: 8,192, fewer where the model is large
    seed: of the random tokens that calibrate a model without text
    """

    weight_bits: int = 4
    head_bits: int | None = None
    scale_group: int | Literal["auto"] | None = "auto"
    wide: tuple[str, ...] = ()
    cache_bits: int = 8
    number_format: str | None = None
    rise: float | None = None
    smoothing: float | None = None
    compensate: bool = True
    tokens: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, bits in (("weight_bits", self.weight_bits), ("head_bits", self.head_bits)):
            if bits not in (4, 8) and not (name == "head_bits" and bits is None):
                raise ValueError(f"QuantConfig {name} must be 4 or 8, not {bits}")
        if self.cache_bits not in (4, 8):
            raise ValueError(f"QuantConfig cache_bits must be 4 or 8, not {self.cache_bits}")
        if isinstance(self.scale_group, int) and self.scale_group < 1:
            raise ValueError(f"QuantConfig scale_group must be positive, not {self.scale_group}")
        if self.rise is not None and not 0 < self.rise <= 1:
            raise ValueError(f"QuantConfig rise must be above 0 and at most 1, not {self.rise}")
        if self.smoothing is not None and not 0 <= self.smoothing <= 1:
            raise ValueError(f"QuantConfig smoothing must be 0 to 1, not {self.smoothing}")
        if self.tokens is not None and self.tokens < 1:
            raise ValueError(f"QuantConfig tokens must be positive, not {self.tokens}")

    def weights(self, *, head: bool) -> ElementFormat:
        """The number format of the head or of any other matrix.

        Raises ``ValueError`` if no format has the name that was chosen.
        """
        if self.number_format is not None:
            return element_format(self.number_format)
        bits = self.weight_bits if not head or self.head_bits is None else self.head_bits
        if self.scale_group == "auto":
            return integer_format(bits, _SCALE_GROUP if bits == 4 else None)
        return integer_format(bits, self.scale_group)

    def smoothing_of(self, weights: ElementFormat) -> float:
        """``smoothing``, or what a number format says."""
        return weights.smoothing if self.smoothing is None else self.smoothing

    def __str__(self) -> str:
        cache = "" if self.cache_bits == 8 else f"KV{self.cache_bits}"
        wide = f" with 8-bit {', '.join(self.wide)}" if self.wide else ""
        if self.rise is not None:
            base = "" if self.number_format is None else f"{self.number_format} and 8 "
            return f"{base}bits for {self.rise:.2%} more perplexity{cache and f' with {cache}'}"
        if self.number_format is not None:
            return f"{self.number_format}, A8{cache}{wide}"
        return f"W{self.weight_bits}A8{cache}{wide}"
