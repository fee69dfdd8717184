# SPDX-License-Identifier: Apache-2.0
"""Attention: scores, softmax and values over keys and values kept in memory."""

import numpy as np
from numpy.typing import NDArray

from ...errors import BuildError
from ...graph import Array, Attention, Node
from ...kernels.attention import scores, softmax
from ...kernels.attention import values as values_kernel
from ...kernels.kv_cache.append import CacheAppendSpec
from ...kernels.kv_cache.read import CacheReadSpec
from ...numerics.fixed import Fixed
from ...quantization.config import PROBABILITIES, SCORES
from ...quantization.formats import BYTE, DIGITS, HIDDEN_MARGIN, cache_scales, fraction
from ...quantization.kept_codes import evened, shares_scales
from ...quantization.plan import AttentionPlan
from ...quantization.rules import Quantization, QuantizationRule
from ...reference.attention import IntegerAttention
from ...reference.nodes import Codes
from ...reference.rules import IntegerFunction, Invocation, Preparation
from ..lowering.builder import Lowering
from ..mapping.cache_layout import cache_layout
from ..mapping.row_windows import row_windows
from ..memory.rules import MemoryContext, MemoryRule
from .layer import Layer
from .two_digits import COARSE, FINER, operand_format

__all__ = ["ATTENTION"]

Reals = NDArray[np.float64]

_SCORE_MARGIN = 1.25
"""Of scores that other text may have, relative to the greatest that calibration saw."""


def _op(node: Node) -> Attention:
    assert isinstance(node.op, Attention)
    return node.op


def _for_each_query(op: Attention, scales: Reals) -> Reals:
    """Scales of key/value features, repeated for each query head that shares them."""
    heads = scales.reshape(op.kv_heads, op.head_dim)
    return np.repeat(heads, op.heads // op.kv_heads, axis=0).reshape(-1)


def _key_scales(state: Quantization, node: Node, layer: int | None) -> Reals:
    return cache_scales(state.peaks(node.inputs[1], layer), state.config.cache_bits)


def _query_factor(state: Quantization, node: Node, layer: int | None) -> Reals:
    """What real queries are multiplied by, so that integer keys give real scores."""
    op = _op(node)
    keys = _for_each_query(op, _key_scales(state, node, layer))
    return np.asarray(keys * op.factor)


def _wants(state: Quantization, node: Node, name: str) -> Fixed:
    """Keys and values as the cache keeps them; the fraction of queries is that of the integer dot
    product."""
    if name != node.inputs[0]:
        return Fixed(state.config.cache_bits)
    largest = max(
        float((state.peaks(name, layer) * _query_factor(state, node, layer)).max())
        for layer in state.layers(node.name)
    )
    return Fixed(16, max(_score_format(state, node).frac, fraction(16, largest, HIDDEN_MARGIN)))


def _greatest_top(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> float:
    """Greatest magnitude of the top score of a row: all others count by their distance to it, so
    that those far below may saturate."""
    queries, keys, _ = inputs
    return float(np.abs(_op(node).scores(queries, keys, layer).max(axis=-1)).max())


def _score_format(state: Quantization, node: Node) -> Fixed:
    """Of scores: a coarser step where calibration saw that the usual range may not do."""
    inner = state.statistics.inner
    largest = max((inner.get(key, 0.0) for key in state.keys(node.name)), default=0.0)
    width = SCORES.width
    return Fixed(width, min(SCORES.frac, fraction(width, _SCORE_MARGIN * largest, 0)))


def _wants_scales(state: Quantization, node: Node, name: str, layer: int | None) -> Reals:
    if name == node.inputs[0]:
        return np.asarray(state.format(name).step / _query_factor(state, node, layer))
    if name == node.inputs[1]:
        return _key_scales(state, node, layer)
    return _value_scales(state, node, layer)


def _value_scales(state: Quantization, node: Node, layer: int | None) -> Reals:
    largest = state.statistics.largest[node.inputs[2], layer]
    scales = cache_scales(largest, state.config.cache_bits)
    return evened(state, node, layer, scales, _op(node).head_dim)


def _format(state: Quantization, node: Node) -> Fixed:
    """Averages of values: int8, or two digits where the scales of values are too coarse for them,
    since stored codes leave many features one scale."""
    if not shares_scales(state, node):
        return BYTE
    return operand_format(state, node, lambda layer: _byte_scales(state, node, layer), COARSE)


def _byte_scales(state: Quantization, node: Node, layer: int | None) -> Reals:
    """Averages of values are finer than values of few bits."""
    coarser = BYTE.width - state.config.cache_bits
    return _for_each_query(_op(node), _value_scales(state, node, layer)) * 2.0**-coarser


def _scales(state: Quantization, node: Node, layer: int | None) -> Reals:
    finer = FINER if state.format(node.name) == DIGITS else 1
    return _byte_scales(state, node, layer) / finer


def _plan(state: Quantization, node: Node) -> AttentionPlan:
    query, key, value = (state.format(name) for name in node.inputs)
    score, out = _score_format(state, node), state.format(node.name)
    finer = BYTE.width - value.width + (FINER.bit_length() - 1 if out == DIGITS else 0)
    return AttentionPlan(
        query=query,
        key=key,
        value=value,
        scores=score,
        probabilities=PROBABILITIES,
        out=out,
        score_shift=query.frac - score.frac,
        value_shift=PROBABILITIES.frac - finer,
    )


def _reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    plan = state.quantized.plan.of(node.name, AttentionPlan)
    context = state.quantized.graph.context
    attention = IntegerAttention(node.name, layer, _op(node), plan, context)

    def attend(step: Invocation, inputs: tuple[Codes, ...]) -> Codes:
        queries, keys, values = inputs
        return attention(queries, keys, values, cache=step.cache, record=step.record)

    return attend


def _caches(state: MemoryContext, node: Node) -> dict[str, int]:
    bits = state.quantization.config.cache_bits
    cache = cache_layout(
        _op(node).attention, state.tiling, state.graph.context, state.layers, state.beat_bits, bits
    )
    return {f"{node.name}_key": cache.size, f"{node.name}_value": cache.size}


def _lower(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.of(node.name, AttentionPlan)
    assert isinstance(op, Attention)
    if not op.causal:
        raise BuildError(f"Attention {node.name} must be causal, not over all positions")
    tiling, context = state.tiling, state.graph.context
    shared, parallel_heads = op.heads // op.kv_heads, tiling.attention_heads
    name = node.name
    lanes = tiling.attention_lanes
    if op.heads % parallel_heads or (
        parallel_heads > 1 and (parallel_heads % shared or lanes != op.head_dim)
    ):
        raise BuildError(
            f"Attention {name} must have one of its {op.heads} heads at a time or, in parallel, "
            f"a multiple of {shared} that divides them with {op.head_dim} lanes each, not "
            f"{parallel_heads} with {lanes}"
        )
    positions = tiling.attention_positions
    if positions > 1 and (context % positions or lanes != op.head_dim):
        raise BuildError(
            f"Attention {name} must have parallel positions that divide the context of "
            f"{context}, with {op.head_dim} lanes a head, not {positions} with {lanes}"
        )
    bits = state.quantization.config.cache_bits
    windows = row_windows(state.graph, tiling, state.beat_bits, bits)
    windowed = bool(windows.widths)
    score = state.place(
        f"{name}_scores",
        scores.ScoresSpec(
            tokens=tiling.token_batch,
            heads=op.heads,
            head_dim=op.head_dim,
            context=context,
            lanes=lanes,
            query=plan.query,
            key=plan.key,
            out=plan.scores,
            shift=plan.score_shift,
            shared=shared,
            parallel_heads=parallel_heads,
            positions=positions,
            windowed=windowed,
        ),
    )
    soft = state.place(
        f"{name}_softmax",
        softmax.SoftmaxSpec(
            tokens=tiling.token_batch,
            heads=op.heads,
            context=context,
            source=plan.scores,
            out=plan.probabilities,
            parallel_heads=parallel_heads,
            positions=positions,
            hidden=windows.most_hidden,
        ),
    )
    total = state.place(
        f"{name}_values",
        values_kernel.ValuesSpec(
            tokens=tiling.token_batch,
            heads=op.heads,
            head_dim=op.head_dim,
            context=context,
            lanes=lanes,
            probability=plan.probabilities,
            value=plan.value,
            out=plan.out,
            shift=plan.value_shift,
            out_lanes=tiling.head_lanes(op.head_dim),
            shared=shared,
            parallel_heads=parallel_heads,
            positions=positions,
            fabric_positions=tiling.attention_fabric,
            windowed=windowed,
        ),
    )
    state.feed(node.inputs[0], score, "i_q")
    layout = cache_layout(op.attention, tiling, context, state.layers, state.beat_bits, bits)
    # Heads in parallel read a cached head at once, others one after the other.
    again, beat = (shared, lanes) if parallel_heads == 1 else (1, layout.elements)
    rows = {**vars(layout), "tokens": tiling.token_batch}
    for role, value, sink, port in (
        ("key", node.inputs[1], score, "i_k"),
        ("value", node.inputs[2], total, "i_v"),
    ):
        writes = CacheAppendSpec(**rows, lanes=tiling.head_lanes(op.head_dim))
        reads = CacheReadSpec(
            **rows, lanes=beat, shared=again, positions=positions, windows=windows.widths
        )
        region = f"{name}_{role}"
        append = state.place(f"{region}_append", writes, region=region)
        read = state.place(f"{region}_read", reads, region=region)
        state.feed(value, append, "i")
        state.link(append, "o_written", read, "i_written", f"{name}.{role}_written")
        state.link(read, "o", sink, port, f"{name}.{role}_cache")
    state.link(score, "o", soft, "i", f"{name}.scores")
    state.link(soft, "o", total, "i_p", f"{name}.probabilities")
    state.produce(name, total)


ATTENTION = Layer(
    op=Attention,
    quantization=QuantizationRule(
        format=_format,
        plan=_plan,
        wants=_wants,
        wants_scales=_wants_scales,
        scales=_scales,
        inner=_greatest_top,
    ),
    reference=_reference,
    memory=MemoryRule(working=_caches),
    lowering=_lower,
)
