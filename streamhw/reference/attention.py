# SPDX-License-Identifier: Apache-2.0
"""Integer attention over a cache of keys and values, for whole sequences or step by step."""

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..graph import Attention
from ..kernels.attention.softmax import SoftmaxSpec
from ..numerics.fixed import Fixed, round_shift
from ..numerics.tables import Table
from ..quantization.cached_rows import restored_codes, stored_codes
from ..quantization.plan import AttentionPlan
from ..quantization.quantized_model import CacheParameters
from .cache import Cache
from .nodes import Codes, Reals, rounded

__all__ = ["IntegerAttention", "probabilities"]

Ints = NDArray[np.int64]

_LOG2E = round(1 / math.log(2) * 2**24)
_SOFTMAX_ELEMENTS = 1 << 21
"""Scores that go through softmax at a time: bounds its temporaries."""
_FAR = 62
"""Shift that leaves nothing of a mantissa."""


class IntegerAttention:
    """The node of one layer; all sums below are integers of less than 53 bits."""

    def __init__(
        self,
        name: str,
        layer: int | None,
        op: Attention,
        plan: AttentionPlan,
        context: int,
        offsets: CacheParameters | None = None,
    ):
        self._offsets = offsets
        self._name, self._layer, self._op, self._plan = name, layer, op, plan
        self._context = context
        self._width = op.window(layer)
        self._score_factor = 2.0**-plan.score_shift
        self._value_factor = 2.0**-plan.value_shift

    def __call__(
        self,
        queries: Reals,
        keys: Reals,
        values: Reals,
        cache: Cache,
        record: Callable[[str, Ints], None] | None,
    ) -> Reals:
        """The value [..., n, features]; ``record`` gets inner tensors by their names.

        ``cache`` gets the new keys and values; rows attend to all positions so far, or up to their
        own, or to those of their window. Positions before the first window are left out, unless
        they are recorded.
        """
        op, plan = self._op, self._plan
        batch, n = int(np.prod(queries.shape[:-2])), queries.shape[-2]

        def heads(x: Reals, count: int) -> Reals:
            return x.reshape(batch, -1, count, op.head_dim).swapaxes(1, 2)

        keys, values = self._cached(keys, values, cache, record)
        k, v = (
            cache.append((self._name, self._layer, role), heads(x, op.kv_heads))
            for role, x in (("key", keys), ("value", values))
        )
        total = k.shape[-2]
        lengths = np.full(n, total) if not op.causal else np.arange(total - n + 1, total + 1)
        begins = np.zeros(n, dtype=np.int64)
        if self._width is not None:
            begins = np.maximum(0, lengths - self._width)
        skipped = int(begins[0]) if record is None else 0
        k, v = k[..., skipped:, :], v[..., skipped:, :]
        seen = total - skipped
        # The query heads that share keys are rows of one product.
        q = heads(queries, op.heads).reshape(batch, op.kv_heads, -1, op.head_dim)
        scores = q @ k.swapaxes(2, 3)
        scores *= self._score_factor
        rounded(scores, plan.scores)
        rows = scores.reshape(-1, seen)
        ends = np.tile(lengths - skipped, batch * op.heads)
        starts = np.tile(begins - skipped, batch * op.heads)
        p = probabilities(plan, rows, ends, self._context, starts)
        mixed = p.reshape(scores.shape).astype(np.float64) @ v
        mixed *= self._value_factor
        out = rounded(mixed, plan.out).reshape(batch, op.heads, n, op.head_dim)
        if record is not None:
            inside = np.arange(total) < lengths[:, None]
            for name, tensor in (("scores", rows), ("probabilities", p)):
                full = np.zeros((n, batch * op.heads, self._context), dtype=np.int64)
                full[..., :total] = tensor.reshape(-1, n, total).swapaxes(0, 1) * inside[:, None]
                record(name, full)
            for name, stored in (("key_cache", k), ("value_cache", v)):
                joined = stored.astype(np.int64).swapaxes(1, 2)
                record(name, joined.reshape(*keys.shape[:-2], total, -1))
        return out.swapaxes(1, 2).reshape(queries.shape)

    def _cached(
        self,
        keys: Reals,
        values: Reals,
        cache: Cache,
        record: Callable[[str, Ints], None] | None,
    ) -> tuple[Reals, Reals]:
        """Keys and values as memory gives them back."""
        plan = self._plan
        if plan.codec is None:
            return keys, values
        found = []
        for role, rows, offsets in (("key", keys, self._offsets), ("value", values, None)):
            begins = cache.position == 0
            codes, scales = stored_codes(plan, rows.astype(np.int64), offsets, begins=begins)
            if record is not None:
                record(f"{role}_codes", codes)
                record(f"{role}_scales", scales)
            found.append(restored_codes(plan, codes, scales, offsets).astype(np.float64))
        return found[0], found[1]


def probabilities(
    plan: AttentionPlan, scores: Codes, lengths: Ints, context: int, begins: Ints | None = None
) -> Ints:
    """Softmax of rows [rows, positions] from where they begin up to their lengths, 0 elsewhere: bit
    for bit what the kernel's golden gives element by element, but whole rows at a time."""
    begins = np.zeros_like(lengths) if begins is None else begins
    tables = _tables(plan.scores, plan.probabilities, context)
    result = np.empty(scores.shape, dtype=np.int64)
    step = max(1, _SOFTMAX_ELEMENTS // scores.shape[1])
    for begin in range(0, len(scores), step):
        part = slice(begin, begin + step)
        result[part] = _rows(tables, scores[part], begins[part], lengths[part])
    return result


def _rows(tables: "_Tables", scores: Codes, starts: Ints, lengths: Ints) -> Ints:
    spec = tables.spec
    positions = np.arange(scores.shape[1])
    outside = (positions >= lengths[:, None]) | (positions < starts[:, None])
    places = (scores - spec.source.minimum).astype(np.int64)
    whole, mantissa = tables.whole[places], tables.mantissa[places]
    ragged = bool(outside.any())
    if ragged:
        whole[outside] = whole.min()
    # The sum so far is cut by a shift only where the largest power grows: between such places
    # it is a plain sum of shifted mantissas.
    largest = np.maximum.accumulate(whole, axis=1)
    scaled = (mantissa << (spec.sum_frac - spec.frac)) >> np.minimum(largest - whole, _FAR)
    if ragged:
        scaled[outside] = 0
    grows = np.ones(scores.shape, dtype=bool)
    np.greater(largest[:, 1:], largest[:, :-1], out=grows[:, 1:])
    begins = np.flatnonzero(grows)
    sums = np.add.reduceat(scaled.reshape(-1), begins).tolist()
    tops = largest.reshape(-1)[begins].tolist()
    totals: list[int] = []
    before = 0
    for first, top, part in zip((begins % scores.shape[1] == 0).tolist(), tops, sums, strict=True):
        if first:
            totals.append(part)
        else:
            totals[-1] = (totals[-1] >> (top - before)) + part
        before = top
    total = np.array(totals)
    exponent = np.frexp(total.astype(np.float64))[1].astype(np.int64) - 1 - spec.sum_frac
    rest = (total >> (exponent + spec.sum_frac - spec.frac)) & ((1 << spec.frac) - 1)
    inverse = tables.inverses(rest)
    shift = (largest[:, -1] + exponent)[:, None] - whole + (2 * spec.frac + 1 - spec.out.frac)
    np.minimum(shift, _FAR, out=shift)
    product = mantissa * inverse[:, None]
    product += np.int64(1) << (shift - 1)
    product >>= shift
    np.minimum(product, spec.out.maximum, out=product)
    if ragged:
        product[outside] = 0
    return product


class _Tables:
    """exp(x) of every score as a power of two and a mantissa, and the kernel's reciprocals."""

    def __init__(self, spec: SoftmaxSpec):
        self.spec = spec
        codes = np.arange(spec.source.minimum, spec.source.maximum + 1)
        powers = round_shift(codes * _LOG2E, spec.source.frac + 24 - spec.frac)
        self.whole = powers >> spec.frac
        self.mantissa = spec.power_table.evaluate(powers & ((1 << spec.frac) - 1))
        self.inverses = _lookup(spec.reciprocal_table)


def _lookup(table: Table) -> Callable[[Ints], Ints]:
    entries, slopes = np.array(table.entries), np.array(table.slopes)
    mask = (1 << table.rest) - 1

    def evaluate(codes: Ints) -> Ints:
        address = codes >> table.rest
        found: Ints = (entries[address] + slopes[address] * (codes & mask)) >> table.shift
        return found

    return evaluate


@functools.cache
def _tables(source: Fixed, out: Fixed, context: int) -> _Tables:
    return _Tables(SoftmaxSpec(tokens=1, heads=1, context=context, source=source, out=out))
