# SPDX-License-Identifier: Apache-2.0
"""Sizes that scores and values share: both multiply a head with rows of the KV cache."""

from dataclasses import dataclass

from ...stream.spec import KernelGeometry
from .stream_types import check_heads, check_lanes, check_positions

__all__ = ["DotGeometry"]


@dataclass(frozen=True, kw_only=True)
class DotGeometry(KernelGeometry):
    """Heads, rows of the KV cache, and how much of them passes a cycle; ``ScoresSpec`` and
    ``ValuesSpec`` say what they mean."""

    tokens: int
    heads: int
    head_dim: int
    context: int
    lanes: int
    shift: int = 0
    shared: int = 1
    parallel_heads: int = 1
    positions: int = 1
    windowed: bool = False

    def __post_init__(self) -> None:
        check_heads(heads=self.heads, shared=self.shared, parallel_heads=self.parallel_heads)
        check_lanes(head_dim=self.head_dim, lanes=self.lanes, parallel_heads=self.parallel_heads)
        check_positions(
            positions=self.positions,
            context=self.context,
            head_dim=self.head_dim,
            lanes=self.lanes,
        )
        if self.shift < 0:
            raise ValueError(f"shift must be at least 0, not {self.shift}")

    @property
    def fold(self) -> int:
        """Beats of a head at one position."""
        return self.head_dim // self.lanes
