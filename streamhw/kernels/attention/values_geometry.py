# SPDX-License-Identifier: Apache-2.0
"""Sizes of the attention values: beats, rings of sums and ports."""

from dataclasses import dataclass

from amaranth.hdl import Shape
from amaranth.utils import ceil_log2

from ...numerics.fixed import Fixed
from ...stream.spec import Port, Role
from .dot_geometry import DotGeometry
from .stream_types import (
    cached_type,
    length_symbol,
    length_type,
    row_type,
    score_type,
)

__all__ = ["LATENCY", "ValuesGeometry"]

LATENCY = 4
"""Registers from the operands to a result: operands, product, sum, result; with several positions a
beat, the levels of the tree that sums their products besides."""


@dataclass(frozen=True, kw_only=True)
class ValuesGeometry(DotGeometry):
    """Sizes of ``ValuesSpec``, which says what they mean."""

    out_lanes: int
    probability: Fixed = Fixed(16, 16, signed=False)
    value: Fixed = Fixed(8)
    out: Fixed = Fixed(8)
    fabric_positions: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.fabric_positions <= self.positions:
            raise ValueError(
                f"fabric_positions must be 0 to {self.positions}, not {self.fabric_positions}"
            )
        if self.fabric_positions and (not self.value.signed or self.value.width not in (4, 8)):
            raise ValueError(
                f"value must be signed with 4 or 8 bits for products made of LUTs, not {self.value}"
            )
        width = self.heads * self.head_dim
        if self.out_lanes < 1 or width % self.out_lanes:
            raise ValueError(f"out_lanes must divide a row of {width}, not {self.out_lanes}")
        if self.beat % self.out_lanes and self.out_lanes % self.beat:
            heads = f" of {self.parallel_heads} heads" if self.parallel_heads > 1 else ""
            raise ValueError(
                f"out_lanes must divide or be divided by lanes {self.beat}{heads}, "
                f"not {self.out_lanes}"
            )

    @property
    def beat(self) -> int:
        """Elements of the rings' beat: lanes of all parallel heads."""
        return self.parallel_heads * self.lanes

    @property
    def ratio(self) -> int:
        """Beats of ``o`` that a beat of the rings is cut to."""
        return max(1, self.beat // self.out_lanes)

    @property
    def waits(self) -> bool:
        """Whether a head that is cut waits in a queue of its own: if the bracket is too small."""
        return self.ratio > 1 and self.fold > 1

    @property
    def depth(self) -> int:
        """Registers from the operands to a result."""
        return LATENCY + int(ceil_log2(self.positions))

    @property
    def sum_shape(self) -> Shape:
        """Shape of the exact sum."""
        signed = self.probability.signed or self.value.signed
        width = self.probability.width + self.value.width + ceil_log2(self.context)
        return Shape(width, signed=signed)

    @property
    def ports(self) -> tuple[Port, ...]:
        rows = {
            "tokens": self.tokens,
            "heads": self.heads,
            "context": self.context,
            "parallel_heads": self.parallel_heads,
        }
        side = {"positions": self.positions}
        beats = {"tokens": self.tokens, "heads": self.heads, "head_dim": self.head_dim}
        cached = {"head_dim": self.head_dim, "lanes": self.lanes, "shared": self.shared}
        return (
            Port("i_length", length_type(**rows), Role.SYMBOL, length_symbol(self.context)),
            Port("i_p", score_type(self.probability, **rows, **side)),
            Port("i_v", cached_type(self.value, **rows, **cached, **side, windowed=self.windowed)),
            Port("o", row_type(self.out, **beats, lanes=self.out_lanes)),
        )
