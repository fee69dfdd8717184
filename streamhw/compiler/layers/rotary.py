# SPDX-License-Identifier: Apache-2.0
"""Rotary embeddings: angles of the step's positions from memory, and the rotation of each head."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...errors import BuildError
from ...graph import Angles, Floats, Node, Rotary
from ...kernels.attention import rotary as rotary_kernel
from ...kernels.memory import angles as angles_kernel
from ...numerics.fixed import Fixed
from ...numerics.rotary_tables import ANGLE_WORD, angle_words
from ...quantization.plan import AnglePlan, RotaryPlan
from ...quantization.quantized_model import AngleParameters, Parameters, QuantizedModel
from ...quantization.rules import Quantization, QuantizationRule
from ...reference.nodes import Rotated
from ...reference.rules import IntegerFunction, Preparation, pure
from ..lowering.builder import Lowering
from ..memory.rules import MemoryContext, MemoryRule, padded_rows, row_bytes
from .layer import Layer

__all__ = ["ANGLES", "ROTARY"]

Reals = NDArray[np.float64]

_KEY_GUARD = Fixed(16, 7)
"""Keys before they are rotated: 7 bits below the LSB of the int8 that they become, 1 spare bit."""


# ---- angles


def _angle_words(state: Quantization, node: Node, layer: int | None) -> Parameters:
    op = node.op
    assert isinstance(op, Angles)
    positions = np.arange(state.graph.context)
    words = angle_words(positions, op.frequencies(layer), op.amplitudes(layer))
    return AngleParameters(words=words)


def _angle_reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    words = state.quantized.fed(node.name, layer, AngleParameters).words
    return pure(lambda positions: words[positions])


def _tables(state: MemoryContext, op: Angles) -> int:
    """Tables of angles: one a layer if they differ."""
    return state.layers if op.layered else 1


def _stored(state: MemoryContext, node: Node) -> int:
    op = node.op
    assert isinstance(op, Angles)
    rows = _tables(state, op) * state.graph.context
    return rows * row_bytes(op.features, state.beat_bytes)


def _content(
    state: MemoryContext, quantized: QuantizedModel, node: Node
) -> Iterator[NDArray[np.uint8]]:
    assert isinstance(node.op, Angles)
    for layer in range(_tables(state, node.op)):
        words = quantized.fed(node.name, layer, AngleParameters).words
        yield padded_rows(words.astype("<u4").view(np.uint8), state.beat_bytes)


def _lower_angles(state: Lowering, node: Node) -> None:
    """A reader of consecutive rows: positions come with the step, in each layer anew."""
    op = node.op
    assert isinstance(op, Angles)
    part = angles_kernel.AnglesSpec(
        tokens=state.tiling.token_batch,
        context=state.graph.context,
        layers=state.layers,
        pairs=op.features // 2,
        lanes=state.tiling.head_lanes(op.features // 2),
        width=state.beat_bits,
        layered=op.layered,
    )
    instance = state.place(node.name, part, region=node.name)
    state.produce(node.name, instance)


ANGLES = Layer(
    op=Angles,
    quantization=QuantizationRule(
        format=lambda state, node: ANGLE_WORD,
        plan=lambda state, node: AnglePlan(out=ANGLE_WORD),
        parameters=_angle_words,
    ),
    reference=_angle_reference,
    memory=MemoryRule(stored=_stored, content=_content),
    lowering=_lower_angles,
)


# ---- rotation


def _format(state: Quantization, node: Node) -> Fixed:
    wanted = state.wanted(node.name)
    if wanted is None or wanted.width > 16:
        raise BuildError(f"Node {node.name}: no integer format for Rotary without attention")
    return wanted


def _wants(state: Quantization, node: Node, name: str) -> Fixed | None:
    """Queries in the format that they keep, keys with guard bits."""
    if name != node.inputs[0]:
        return None
    rotated = state.format(node.name)
    return _KEY_GUARD if rotated.width <= 8 else rotated


def _wants_scales(state: Quantization, node: Node, name: str, layer: int | None) -> Reals | None:
    rotated = state.wanted_scales(node.name, layer)
    if name != node.inputs[0] or rotated is None:
        return None
    finer = state.format(name).frac - state.format(node.name).frac
    return rotated * 2.0**-finer


def _peaks(state: Quantization, node: Node, layer: int | None) -> Floats:
    """Those of both features of a pair, rotated or not: other positions rotate by other angles."""
    assert isinstance(node.op, Rotary)
    largest = state.statistics.largest
    both = np.maximum(largest[node.name, layer], largest[node.inputs[0], layer])
    pairs = both.reshape(node.op.heads, 2, -1).max(axis=1, keepdims=True)
    return np.repeat(pairs, 2, axis=1).reshape(-1)


def _tied(node: Node) -> NDArray[np.int64]:
    """The two features of a pair."""
    op = node.op
    assert isinstance(op, Rotary)
    pairs = np.arange(op.heads * op.head_dim // 2).reshape(op.heads, 1, -1)
    return np.asarray(np.repeat(pairs, 2, axis=1).reshape(-1))


def _plan(state: Quantization, node: Node) -> RotaryPlan:
    return RotaryPlan(source=state.format(node.inputs[0]), out=state.format(node.name))


def _reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    assert isinstance(node.op, Rotary)
    return pure(Rotated(state.quantized.plan.of(node.name, RotaryPlan), node.op))


def _lower_rotary(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.of(node.name, RotaryPlan)
    assert isinstance(op, Rotary)
    part = rotary_kernel.RotarySpec(
        tokens=state.tiling.token_batch,
        heads=op.heads,
        head_dim=op.head_dim,
        lanes=state.tiling.head_lanes(op.head_dim // 2),
        source=plan.source,
        out=plan.out,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    state.feed(node.inputs[1], instance, "i_angle")
    state.produce(node.name, instance)


ROTARY = Layer(
    op=Rotary,
    quantization=QuantizationRule(
        format=_format,
        plan=_plan,
        wants=_wants,
        wants_scales=_wants_scales,
        peaks=_peaks,
        tied=_tied,
    ),
    reference=_reference,
    lowering=_lower_rotary,
)
