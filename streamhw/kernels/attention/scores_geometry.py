# SPDX-License-Identifier: Apache-2.0
"""Sizes of the attention scores: beats, registers and ports."""

from dataclasses import dataclass

from amaranth.utils import ceil_log2

from ...numerics.fixed import Fixed
from ...stream.spec import Port
from .dot_geometry import DotGeometry
from .stream_types import (
    cached_type,
    query_type,
    score_type,
)

__all__ = ["ScoresGeometry"]


@dataclass(frozen=True, kw_only=True)
class ScoresGeometry(DotGeometry):
    """Sizes of ``ScoresSpec``, which says what they mean."""

    query: Fixed = Fixed(16)
    key: Fixed = Fixed(8)
    out: Fixed = Fixed(18, 10)

    @property
    def sum_width(self) -> int:
        """Bits of the exact (signed) sum."""
        return self.query.width + self.key.width + 1 + int(ceil_log2(self.head_dim))

    @property
    def depth(self) -> int:
        """Registers from an operand to the score: operands, product, tree, accumulator, result."""
        return 4 + int(ceil_log2(self.lanes))

    @property
    def ports(self) -> tuple[Port, ...]:
        rows = {
            "tokens": self.tokens,
            "heads": self.heads,
            "context": self.context,
            "parallel_heads": self.parallel_heads,
            "positions": self.positions,
        }
        beats = {"head_dim": self.head_dim, "lanes": self.lanes}
        cached = cached_type(self.key, **rows, **beats, shared=self.shared, windowed=self.windowed)
        return (
            Port("i_q", query_type(self.query, **rows, **beats)),
            Port("i_k", cached),
            Port("o", score_type(self.out, **rows)),
        )
