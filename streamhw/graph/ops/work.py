# SPDX-License-Identifier: Apache-2.0
"""What sizes of hardware depend on: the products, heads and parts that an operation consists of."""

from dataclasses import dataclass

__all__ = ["AttentionHeads", "MatrixProduct", "RowPart"]


@dataclass(frozen=True, kw_only=True)
class MatrixProduct:
    """Rows of ``inputs`` features times a matrix of weights, on a matmul engine that others share:
    rows of ``outputs``."""

    inputs: int
    outputs: int


@dataclass(frozen=True, kw_only=True)
class AttentionHeads:
    """Attention over keys and values of all positions so far, which are kept in memory.

    heads: of queries; kv_heads: of keys and values, each for as many neighboring query heads;
    head_dim: elements of a head; windows: of those positions, how many of the last are used, by the
    layers in turn; None: all; none: all layers use all
    """

    heads: int
    kv_heads: int
    head_dim: int
    windows: tuple[int | None, ...] = ()

    @property
    def shared(self) -> int:
        """Query heads that read one key/value head."""
        return self.heads // self.kv_heads

    def longest(self, context: int) -> int:
        """The most positions that a row uses."""
        return max((min(width or context, context) for width in self.windows), default=context)


@dataclass(frozen=True, kw_only=True)
class RowPart:
    """Run ``index`` of a row cut into ``parts`` equal runs, moved without arithmetic."""

    index: int
    parts: int
