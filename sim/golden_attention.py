# SPDX-License-Identifier: Apache-2.0
"""Integer attention over a cache of keys and values, for whole sequences or step by step."""

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..graph import Attention, Node
from ..kernels.softmax import Softmax
from ..numerics.fixed import Fixed, round_shift
from ..numerics.quantised import AttentionPlan

__all__ = ["Cache", "attention", "probabilities"]

Ints = NDArray[np.int64]

_SOFTMAX_ELEMENTS = 1 << 21
"""Scores that go through softmax at a time: bounds its temporaries."""


@dataclass
class Cache:
    """Keys and values of all positions so far, of each attention node and layer."""

    position: int = 0
    rows: dict[tuple[str, int | None, str], Ints] = field(default_factory=dict)

    def append(self, node: str, layer: int | None, role: str, rows: Ints) -> Ints:
        """All rows [..., positions, features] with the new ones at the end."""
        known = self.rows.get((node, layer, role))
        joined = rows if known is None else np.concatenate([known, rows], axis=-2)
        self.rows[node, layer, role] = joined
        return joined


def attention(
    node: Node,
    plan: AttentionPlan,
    inputs: tuple[Ints, ...],
    cache: Cache,
    layer: int | None,
    context: int,
) -> tuple[Ints, dict[str, Ints]]:
    """The value of an attention node [..., n, features], and its inner tensors by name.

    ``cache`` gets the new keys and values; rows attend to all positions so far, or up to their own.
    """
    op = node.op
    assert isinstance(op, Attention)
    q = inputs[0].reshape(-1, *inputs[0].shape[-2:])
    batch, n, _ = q.shape
    keys, values = (
        cache.append(node.name, layer, role, rows)
        for role, rows in (("key", inputs[1]), ("value", inputs[2]))
    )
    total = keys.shape[-2]
    first = total - n + 1 if op.causal else total
    lengths = [first + t * op.causal for t in range(n)]

    def heads(x: Ints, count: int) -> NDArray[np.float64]:
        """[batch, query heads, rows, head_dim] in floats: all sums below are exact in 53 bits."""
        split = x.reshape(batch, -1, count, op.head_dim).swapaxes(1, 2).astype(np.float64)
        return np.repeat(split, op.heads // count, axis=1)

    k, v = heads(keys, op.kv_heads), heads(values, op.kv_heads)
    sums = (heads(q, op.heads) @ k.swapaxes(2, 3)).astype(np.int64)
    scores = np.zeros((n, batch * op.heads, context), dtype=np.int64)
    rounded = plan.scores.saturate(round_shift(sums, plan.score_shift))
    scores[..., :total] = np.moveaxis(rounded, 2, 0).reshape(n, -1, total)
    scores *= np.arange(context) < np.array(lengths)[:, None, None]
    p = probabilities(plan, scores, np.array(lengths), context)
    weights = p[..., :total].reshape(n, batch, op.heads, total).transpose(1, 2, 0, 3)
    mixed = (weights.astype(np.float64) @ v).astype(np.int64)
    out = plan.out.saturate(round_shift(mixed, plan.value_shift))
    inner = {
        "scores": scores,
        "probabilities": p,
        "key_cache": keys,
        "value_cache": values,
    }
    return out.swapaxes(1, 2).reshape(inputs[0].shape), inner


def probabilities(plan: AttentionPlan, scores: Ints, lengths: Ints, context: int) -> Ints:
    """Softmax of ``scores`` [n, rows, context], rows of one n having one length.

    Where a row's greatest score is far enough above the format's least one, padding with the least
    one changes no bit: it is shifted out of the sum. All such rows then go through the kernel's
    golden as rows of one length, instead of one call a length.
    """
    n, rows, _ = scores.shape
    longest = int(lengths.max())
    flat = np.full((n * rows, longest), plan.scores.minimum, dtype=np.int64)
    each = np.repeat(lengths, rows)
    inside = np.arange(longest) < each[:, None]
    flat[inside] = scores.reshape(n * rows, context)[:, :longest][inside]
    result = np.zeros((n * rows, context), dtype=np.int64)
    step = max(1, _SOFTMAX_ELEMENTS // longest)
    for begin in range(0, n * rows, step):
        part = slice(begin, begin + step)
        result[part] = _softmax_rows(plan, flat[part], longest, context)
    result[:, :longest][~inside] = 0
    sum_frac = _softmax(plan.scores, plan.probabilities, 1, context).sum_frac
    bits = (flat.max(axis=1) - plan.scores.minimum) * plan.scores.step * np.log2(np.e)
    for row in np.flatnonzero((bits < sum_frac + 3) & (each < longest)):
        length = int(each[row])
        alone = flat[row : row + 1, :length]
        result[row] = _softmax_rows(plan, alone, length, context)[0]
    return result.reshape(n, rows, context)


def _softmax_rows(plan: AttentionPlan, x: Ints, length: int, context: int) -> Ints:
    """The kernel's golden of rows [rows, length] of one length, padded to [rows, context]."""
    count = 1 << (len(x) - 1).bit_length()  # few sizes, so that few kernels are built
    padded = np.zeros((1, count, context), dtype=np.int64)
    padded[0, : len(x), :length] = x
    softmax = _softmax(plan.scores, plan.probabilities, count, context)
    return softmax.compute({"i": padded}, {"length": [length]})["o"][0, : len(x)]


@functools.cache
def _softmax(source: Fixed, out: Fixed, heads: int, context: int) -> Softmax:
    return Softmax(tokens=1, heads=heads, context=context, source=source, out=out)
