# SPDX-License-Identifier: Apache-2.0
"""Scores of attention: products of queries and keys, their mask, and the sum of values."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....graph import Attention, Chunk, Linear
from ..form import Form, Term
from ..no_layer_error import NoLayerError
from ..selection import selected
from ..state import Raising
from ..step import Mask, Step
from ..values import Scores
from .heads import Heads, heads_of, key_order

__all__ = ["attended", "masked", "scores", "window_of"]


def scores(queries: Form, keys: Form) -> Scores:
    """Of queries [..., heads, rows, head_dim] and keys [..., heads, head_dim, rows]."""
    transposed = keys.moved(lambda values: values.swapaxes(-1, -2))
    shape = (*queries.shape[:-1], keys.shape[-1])
    return Scores(queries, transposed, shape)


def masked(found: Scores, mask: Mask) -> Scores:
    """The scores of positions that a mask does not hide."""
    if found.probabilities:
        raise NoLayerError("masks must be before softmax")
    seen = mask.seen(mask.constant.values, found.shape[-1])
    both = seen if found.mask is None else found.mask & seen
    return replace(found, mask=both, masks=(*found.masks, mask))


def attended(state: Raising, found: Scores, values: Form) -> Form:
    """The layer that sums values by the probabilities of their positions."""
    if not found.probabilities:
        raise NoLayerError("values must be summed by probabilities, behind softmax")
    queries, keys = heads_of(found.queries), heads_of(found.keys)
    summed = heads_of(values)
    if summed.rotation is not None or summed.scale is None:
        raise NoLayerError("values of attention must not be rotated")
    if (queries.rotation is None) != (keys.rotation is None):
        raise NoLayerError("queries and keys must be rotated alike")
    step = _attention(state, queries, keys, summed, found)
    heads, size = len(queries.features), summed.features.shape[1]
    shape = (*found.shape[:-1], size)
    if int(np.prod(shape)) != heads * state.rows * size:
        raise NoLayerError("attention must be of one sequence, [1, heads, rows, head_dim]")
    features = np.arange(heads * size).reshape(heads, 1, size)
    term = Term(np.arange(state.rows)[:, None], features, np.array(1.0))
    return Form(step, shape, (term,))


def window_of(mask: NDArray[np.bool_] | None) -> int | None:
    """The window of a causal mask; raises ``NoLayerError`` for others."""
    if mask is None:
        raise NoLayerError("attention must be causal: rows read their own and earlier positions")
    rows = len(mask)
    window = int(mask[-1].sum())
    causal = np.tril(np.ones_like(mask))
    if not np.array_equal(mask, causal & ~np.tril(causal, -window)):
        raise NoLayerError("masks must be causal, with or without a sliding window")
    return window if window < rows else None


def _attention(state: Raising, queries: Heads, keys: Heads, values: Heads, found: Scores) -> Step:
    count, size = queries.features.shape
    if values.features.shape[1] != size or keys.features.shape[1] != size:
        raise NoLayerError("queries, keys and values must have heads of one size")
    factor = found.scale * queries.amplitude * keys.amplitude * size**0.5
    # What scores are multiplied with beyond the usual goes into the queries.
    factor = 1.0 if abs(factor - 1) < 1e-6 else factor
    if factor <= 0 or values.scale != 1:
        raise NoLayerError("scores must have a factor above 0, and values none")
    inputs = _thirds(state, queries, keys, values, factor)
    if inputs is None:
        order = key_order(queries, keys)
        inputs = (
            queries.step_of(state, count, order, factor),
            keys.step_of(state, count, order, 1.0),
            values.step_of(state, count, None, 1.0),
        )
    window_of(found.mask)
    op = Attention(heads=count, kv_heads=len(keys.grouped(count)), head_dim=size)
    return Step(
        op=op,
        inputs=inputs,
        features=count * size,
        place=state.place,
        masks=found.masks,
    )


def _thirds(
    state: Raising, queries: Heads, keys: Heads, values: Heads, factor: float
) -> tuple[Step, ...] | None:
    """Queries, keys and values as parts of one product, if they are that."""
    base = queries.form.step
    parts = (queries, keys, values)
    features = np.concatenate([part.features.reshape(-1) for part in parts])
    if (
        any(part.form.step is not base or part.rotation is not None for part in parts)
        or len({part.features.shape for part in parts}) != 1
        or not np.array_equal(features, np.arange(base.features))
        or not isinstance(base.op, Linear)
    ):
        return None
    width = len(features) // 3
    factors = np.concatenate([np.full(width, factor), np.ones(2 * width)])
    whole = selected(state, base, features, factors)
    return tuple(
        Step(op=Chunk(index=i, parts=3), inputs=(whole,), features=width, place=state.place)
        for i in range(3)
    )
