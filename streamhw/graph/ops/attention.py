# SPDX-License-Identifier: Apache-2.0
"""Attention of rows over themselves."""

from dataclasses import dataclass, replace

import numpy as np

from .checks import check_positive
from .feature_layout import FeatureLayout, heads_of
from .op import Array, Lookup, Op, Padded, RowUse, Shape, print_shape
from .work import AttentionHeads

__all__ = ["Attention"]


@dataclass(frozen=True, kw_only=True)
class Attention(Op):
    """Scaled dot-product attention of queries, keys and values; heads are adjacent.

    Each key/value head serves ``heads // kv_heads`` neighboring query heads.

    scale: factor of scores; ``None``: ``head_dim ** -0.5``
    windows: of the positions up to its own, how many of the last a row attends to; ``None``: all;
    layers take them in turn; none: all layers attend to all
    """

    heads: int
    kv_heads: int
    head_dim: int
    causal: bool = True
    scale: float | None = None
    windows: tuple[int | None, ...] = ()

    def __post_init__(self) -> None:
        check_positive(self, "heads", "kv_heads", "head_dim")
        if self.scale is not None and self.scale <= 0:
            raise ValueError(f"Attention scale must be positive, not {self.scale}")
        if any(width is not None and width < 1 for width in self.windows):
            raise ValueError(f"Attention windows must be at least 1, not {self.windows}")
        if self.windows and not self.causal:
            raise ValueError("Attention with windows must be causal, not over all positions")
        if self.heads % self.kv_heads:
            raise ValueError(
                f"Attention kv_heads must divide heads, not {self.kv_heads} | {self.heads}"
            )

    @property
    def arity(self) -> int:
        return 3

    @property
    def attention(self) -> AttentionHeads:
        return AttentionHeads(
            heads=self.heads,
            kv_heads=self.kv_heads,
            head_dim=self.head_dim,
            windows=self.windows,
        )

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.head_dim,)

    @property
    def factor(self) -> float:
        """What dot products are multiplied by."""
        return float(self.head_dim**-0.5) if self.scale is None else self.scale

    def window(self, layer: int | None) -> int | None:
        """Of the positions up to its own, how many of the last a row of a layer attends to."""
        return self.windows[(layer or 0) % len(self.windows)] if self.windows else None

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        rows = inputs[0][0]
        wide, narrow = self.heads * self.head_dim, self.kv_heads * self.head_dim
        for role, shape, size in zip(
            ("queries", "keys", "values"), inputs, (wide, narrow, narrow), strict=True
        ):
            if shape != (rows, size):
                expected = print_shape((rows, size))
                raise ValueError(f"Attention {role} must be {expected}, not {print_shape(shape)}")
        return inputs[0]

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        queries, keys, values = inputs
        n, lead = queries.shape[-2], queries.shape[:-2]
        scores = self.scores(queries, keys, layer)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        rows = np.moveaxis(scores @ self._for_each_query(values), -3, -2)
        return np.asarray(rows.reshape(*lead, n, self.heads * self.head_dim))

    def scores(self, queries: Array, keys: Array, layer: int | None) -> Array:
        """[..., heads, n, n]: what softmax is taken of; minus infinity where nothing is seen."""
        n = queries.shape[-2]
        q, k = self._split(queries, self.heads), self._for_each_query(keys)
        scores = (q @ np.swapaxes(k, -1, -2)) * np.float32(self.factor)
        if self.causal:
            seen = np.tril(np.ones((n, n), dtype=bool))
            if (width := self.window(layer)) is not None:
                seen &= ~np.tril(seen, -width)
            scores = np.where(seen, scores, np.float32(-np.inf))
        return scores

    def _split(self, x: Array, heads: int) -> Array:
        """[..., heads, n, head_dim]"""
        return np.moveaxis(x.reshape(*x.shape[:-1], heads, self.head_dim), -2, -3)

    def _for_each_query(self, x: Array) -> Array:
        """Heads of keys or values, repeated for each head of queries that shares them."""
        return np.repeat(self._split(x, self.kv_heads), self.heads // self.kv_heads, axis=-3)

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        queries = heads_of(self.heads, self.head_dim)
        keys = heads_of(self.kv_heads, self.head_dim)
        return RowUse(reads=(queries, keys, keys), gives=queries, same=(0,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        op = replace(
            self,
            heads=gives.heads,
            kv_heads=reads[1].heads,
            head_dim=gives.head.padded,
            scale=self.factor if gives.is_padded else self.scale,
        )
        return Padded(op=op)
