# SPDX-License-Identifier: Apache-2.0
"""Attention: scores, softmax and values over keys and values kept in memory."""

import numpy as np
from numpy.typing import NDArray

from ...errors import BuildError
from ...graph import Array, Attention, Node
from ...kernels.attention import scores, softmax
from ...kernels.attention import values as values_kernel
from ...numerics.fixed import Fixed
from ...numerics.group_codec import GroupCodec, group_of
from ...quantization.cached_keys import (
    CACHED,
    CENTERED,
    LIFTED,
    KeyMoments,
    balanced_scales,
    key_sums,
)
from ...quantization.config import PROBABILITIES, SCORES
from ...quantization.formats import BYTE, DIGITS, HIDDEN_MARGIN, byte_scales, fraction
from ...quantization.kept_codes import evened, shares_scales
from ...quantization.plan import AttentionPlan
from ...quantization.quantized_model import CacheParameters, Parameters
from ...quantization.rules import Quantization, QuantizationRule
from ...reference.attention import IntegerAttention
from ...reference.nodes import Codes
from ...reference.rules import IntegerFunction, Invocation, Preparation
from ..lowering.builder import Lowering
from ..mapping.cache_layout import cache_layout
from ..mapping.row_windows import row_windows
from .attention_caches import CACHES, RowCache
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


def _codec(state: Quantization, node: Node) -> GroupCodec | None:
    """Of keys and values in memory; ``None``: they are there as they are."""
    if state.config.cache_bits == BYTE.width:
        return None
    return GroupCodec(element=CACHED, group=group_of(_op(node).head_dim))


def _moments(state: Quantization, node: Node, layer: int | None) -> KeyMoments | None:
    """What keys of a trained model are like."""
    sums = state.statistics.sums.get((node.name, layer))
    return None if sums is None else KeyMoments.of_sums(sums)


def _is_centered(state: Quantization, node: Node) -> bool:
    """Whether keys are cached without what is usual of them: a row must begin at the first
    position, since that has offsets of its own."""
    known = (node.name, state.layers(node.name)[0]) in state.statistics.sums
    return state.config.cache_bits != BYTE.width and known and not _op(node).windows


def _element(state: Quantization) -> Fixed:
    """Of values as they are multiplied, and of keys that are not centered."""
    return BYTE if state.config.cache_bits == BYTE.width else CACHED


def _finer(state: Quantization) -> float:
    """An LSB of cached elements in those of int8."""
    return 2.0 ** (BYTE.width - _element(state).width)


def _key_scales(state: Quantization, node: Node, layer: int | None) -> Reals:
    peaks = state.peaks(node.inputs[1], layer)
    moments = _moments(state, node, layer)
    if state.config.cache_bits == BYTE.width or moments is None:
        return byte_scales(peaks) * _finer(state)
    outer = None if _is_centered(state, node) else peaks.astype(np.float64)
    return balanced_scales(moments, outer, state.tied(node.inputs[1]), _op(node).head_dim)


def _query_factor(state: Quantization, node: Node, layer: int | None) -> Reals:
    """What real queries are multiplied by, so that integer keys give real scores."""
    op = _op(node)
    keys = _for_each_query(op, _key_scales(state, node, layer))
    return np.asarray(keys * op.factor)


def _wants(state: Quantization, node: Node, name: str) -> Fixed:
    """Keys and values as the cache keeps them; the fraction of queries is that of the integer dot
    product."""
    if name != node.inputs[0]:
        is_centered = name == node.inputs[1] and _is_centered(state, node)
        return CENTERED if is_centered else _element(state)
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
    scales = byte_scales(largest) * _finer(state)
    return evened(state, node, layer, scales, _op(node).head_dim)


def _format(state: Quantization, node: Node) -> Fixed:
    """Averages of values: int8, or two digits where the scales of values are too coarse for them,
    since stored codes leave many features one scale."""
    if not shares_scales(state, node):
        return BYTE
    return operand_format(state, node, lambda layer: _byte_scales(state, node, layer), COARSE)


def _byte_scales(state: Quantization, node: Node, layer: int | None) -> Reals:
    """Averages of values in int8, whatever values have."""
    return _for_each_query(_op(node), _value_scales(state, node, layer)) / _finer(state)


def _scales(state: Quantization, node: Node, layer: int | None) -> Reals:
    finer = FINER if state.format(node.name) == DIGITS else 1
    return _byte_scales(state, node, layer) / finer


def _plan(state: Quantization, node: Node) -> AttentionPlan:
    query, key, value = (state.format(name) for name in node.inputs)
    score, out = _score_format(state, node), state.format(node.name)
    finer = BYTE.width - value.width + (FINER.bit_length() - 1 if out == DIGITS else 0)
    centered = _is_centered(state, node)
    return AttentionPlan(
        query=query,
        key=LIFTED if centered else key,
        value=value,
        scores=score,
        probabilities=PROBABILITIES,
        out=out,
        score_shift=query.frac - score.frac,
        value_shift=PROBABILITIES.frac - finer,
        codec=_codec(state, node),
        centered=centered,
    )


def _parameters(state: Quantization, node: Node, layer: int | None) -> Parameters:
    if not _is_centered(state, node):
        none = np.zeros(0, dtype=np.int16)
        return CacheParameters(first=none, usual=none, lift=none)
    moments = _moments(state, node, layer)
    assert moments is not None
    scales = state.scales_of(node.inputs[1], layer)
    first, usual = (CENTERED.encode(mean / scales) for mean in (moments.first, moments.usual))
    lift = LIFTED.saturate(first - usual)
    return CacheParameters(
        first=first.astype(np.int16), usual=usual.astype(np.int16), lift=lift.astype(np.int16)
    )


def _reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    plan = state.quantized.plan.of(node.name, AttentionPlan)
    context = state.quantized.graph.context
    offsets = state.quantized.fed(node.name, layer, CacheParameters) if plan.centered else None
    attention = IntegerAttention(node.name, layer, _op(node), plan, context, offsets)

    def attend(step: Invocation, inputs: tuple[Codes, ...]) -> Codes:
        queries, keys, values = inputs
        return attention(queries, keys, values, cache=step.cache, record=step.record)

    return attend


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
    for role, value, sink, port in (
        ("key", node.inputs[1], score, "i_k"),
        ("value", node.inputs[2], total, "i_v"),
    ):
        cache = RowCache(state=state, node=node, role=role, windows=windows, sink=sink, port=port)
        cache.lower(value, layout, plan.codec)
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
        parameters=_parameters,
        inner=_greatest_top,
        sums=lambda node, inputs: key_sums(_op(node), inputs),
    ),
    reference=_reference,
    memory=CACHES,
    lowering=_lower,
)
