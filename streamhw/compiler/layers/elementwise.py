# SPDX-License-Identifier: Apache-2.0
"""Element by element: sums, products and functions."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...graph import Activation, Add, Multiply, Node
from ...kernels.elementwise import activation as activation_kernel
from ...kernels.elementwise import add as add_kernel
from ...kernels.elementwise import multiply as multiply_kernel
from ...numerics.fixed import Fixed
from ...numerics.functions import function_named
from ...quantization.formats import BYTE, DIGITS, byte_scales, fraction, hidden_format
from ...quantization.kept_codes import even_smooth_scales, evened
from ...quantization.plan import ActivationPlan, AddPlan, MultiplyPlan
from ...quantization.quantized_model import ActivationParameters, Parameters
from ...quantization.rules import Quantization, QuantizationRule
from ...reference.nodes import Added, Curve, Multiplied
from ...reference.rules import IntegerFunction, Preparation, pure
from ...stream.itensor.algebra import broadcast
from ...stream.itensor.itensor import ITensor, row_major
from ..ir.netlist import Instance
from ..lowering.builder import Lowering
from ..memory.rules import MemoryContext, MemoryRule
from ..memory.segments import Segments
from .layer import Layer
from .two_digits import FINER, operand_format

__all__ = ["ACTIVATION", "ADD", "MULTIPLY"]

Reals = NDArray[np.float64]

_SCALE = Fixed(16, signed=False)
"""Multipliers of channels."""
_MARGIN = 1.5
"""Of a channel's usual range: products of two values are seldom large, but then very."""
_SPAN = 12
"""Bits from the finest scale of a gate's channels to the widest: a few are far larger."""
_LEAST = 2.0**-13
"""Multiplier of the widest channel relative to the greatest one."""
_PRODUCT_WIDTH = 20
"""Bits of a gate's product before its multiplier: one input of a DSP block."""
_DIGITS_WIDTH = 24
"""The same if its result has two digits."""
_COARSE = 0.1
"""Error by rounding a gate to 8 bits beyond which it has two digits: what `doctor` takes for the
bound of a stream's own error."""


# ---- sums


def _residual(state: Quantization, node: Node) -> Fixed:
    return state.residual


def _add_plan(state: Quantization, node: Node) -> AddPlan:
    a, b = (state.format(name) for name in node.inputs)
    return AddPlan(a=a, b=b, out=state.format(node.name))


def _add_reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    return pure(Added(state.quantized.plan.of(node.name, AddPlan)))


def _lower_add(state: Lowering, node: Node) -> None:
    plan = state.quantization.of(node.name, AddPlan)
    features = state.values[node.inputs[0]].type.tensor_shape()[1]
    order = state.rows(plan.out, features)
    instance = state.place(
        node.name, add_kernel.AddSpec(type=order, a=plan.a, b=plan.b, out=plan.out)
    )
    state.feed(node.inputs[0], instance, "i_a")
    state.feed(node.inputs[1], instance, "i_b")
    state.produce(node.name, instance)


ADD = Layer(
    op=Add,
    quantization=QuantizationRule(
        format=_residual,
        plan=_add_plan,
        wants=lambda state, node, name: state.residual,
        residual=True,
    ),
    reference=_add_reference,
    lowering=_lower_add,
)


# ---- what functions and gates share: multipliers of channels to the scales of int8


def _wants_hidden(state: Quantization, node: Node, name: str) -> Fixed:
    return hidden_format(state.largest(name))


def _smooth(state: Quantization, node: Node, layer: int | None) -> Reals | None:
    if state.format(node.name).width != BYTE.width:
        return None
    return even_smooth_scales(state, node, layer)


def _scale_shift(state: Quantization, node: Node, middle: Fixed) -> int:
    """Fraction bits of the multipliers from ``middle`` to the node's own scales: the least one
    keeps some bits, whatever the greatest one is then cut to."""
    found = [state.scales[key] for key in state.keys(node.name)]
    finest = max(min(float(s.min()) for s in found), max(float(s.max()) for s in found) * _LEAST)
    return fraction(17, middle.step / finest * (1 + 2.0**-17), 0)


def _settled(state: Quantization, node: Node, layer: int | None) -> tuple[Parameters, Reals] | None:
    """The multipliers: what the rounded ones really stand for goes into the weights behind them."""
    plan = state.plans[node.name]
    assert isinstance(plan, ActivationPlan | MultiplyPlan)
    if plan.scale is None:
        return None
    ratio = plan.middle.step / state.scales[node.name, layer]
    # Rounded down: a scale that became finer would not hold its channel's greatest values.
    codes = np.clip(np.floor(np.ldexp(ratio, plan.scale_shift)), 1, _SCALE.maximum)
    exact = plan.middle.step * 2.0**plan.scale_shift / codes
    return ActivationParameters(scale=codes.astype(np.uint16)), exact


def _segments(state: MemoryContext, node: Node) -> Segments | None:
    plan = state.quantization.plans[node.name]
    assert isinstance(plan, ActivationPlan | MultiplyPlan)
    return None if plan.scale is None else state.streamed(node, "i_scale", bits=16)


def _pack(
    state: MemoryContext, node: Node, segments: Segments, values: Parameters
) -> NDArray[np.uint8]:
    assert isinstance(values, ActivationParameters)
    return values.scale.astype("<u2").view(np.uint8)


_MEMORY = MemoryRule(segments=_segments, pack=_pack, early=True)


def _scales(fmt: Fixed, order: ITensor) -> ITensor:
    """Multipliers of channels: every token of a batch meets the same."""
    return broadcast(replace(order, fmt=fmt), 0)


def _feed_scales(state: Lowering, instance: Instance, fmt: Fixed, order: ITensor) -> None:
    features = order.tensor_shape()[1]
    state.parameters(instance, "i_scale", row_major(fmt, (1, features), order.lanes))


# ---- functions


def _activation_format(state: Quantization, node: Node) -> Fixed:
    """The operand's where who reads it, a gate, has multipliers of its own."""
    readers = state.graph.readers(node.name)
    later = any(state.rule(reader).settled is not None for reader in readers)
    return state.format(node.inputs[0]) if later else BYTE


def _activation_plan(state: Quantization, node: Node) -> ActivationPlan:
    assert isinstance(node.op, Activation)
    source, out = state.format(node.inputs[0]), state.format(node.name)
    alone = source == out
    return ActivationPlan(
        function=node.op.function,
        source=source,
        middle=source,
        scale=None if alone else _SCALE,
        scale_shift=0 if alone else _scale_shift(state, node, source),
        out=out,
    )


def _activation_reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    plan = state.quantized.plan.of(node.name, ActivationPlan)
    if plan.scale is None:
        return pure(Curve(plan, None))
    return pure(Curve(plan, state.quantized.fed(node.name, layer, ActivationParameters)))


def _lower_activation(state: Lowering, node: Node) -> None:
    plan = state.quantization.of(node.name, ActivationPlan)
    value = state.values[node.inputs[0]]
    part = activation_kernel.ActivationSpec(
        function=function_named(plan.function),
        type=value.type,
        scale=None if plan.scale is None else _scales(plan.scale, value.type),
        out=plan.out,
        inner=plan.middle,
        multiplier_frac=plan.scale_shift,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    if plan.scale is not None:
        _feed_scales(state, instance, plan.scale, value.type)
    state.produce(node.name, instance)


ACTIVATION = Layer(
    op=Activation,
    quantization=QuantizationRule(
        format=_activation_format,
        plan=_activation_plan,
        wants=_wants_hidden,
        scales=_smooth,
        settled=_settled,
    ),
    reference=_activation_reference,
    memory=_MEMORY,
    lowering=_lower_activation,
)


# ---- gates


def _gate_format(state: Quantization, node: Node) -> Fixed:
    """Rare large values leave the others few codes."""
    return operand_format(
        state,
        node,
        lambda layer: evened(state, node, layer, _gate_steps(state, node, layer)),
        _COARSE,
    )


def _gate_steps(state: Quantization, node: Node, layer: int | None) -> Reals:
    """Scales of int8 that hold the channels: a few are far larger than all others."""
    return byte_scales(state.ranges(node.name, layer, _MARGIN), _SPAN)


def _gate_scales(state: Quantization, node: Node, layer: int | None) -> Reals | None:
    if not state.trained:
        return _smooth(state, node, layer)
    finer = FINER if state.format(node.name) == DIGITS else 1
    return even_smooth_scales(state, node, layer, _gate_steps(state, node, layer) / finer)


def _multiply_plan(state: Quantization, node: Node) -> MultiplyPlan:
    a, b = (state.format(name) for name in node.inputs)
    width = _DIGITS_WIDTH if state.format(node.name) == DIGITS else _PRODUCT_WIDTH
    finest = fraction(width, state.largest(node.name), 1)
    middle = Fixed(width, min(a.frac + b.frac, finest))
    return MultiplyPlan(
        a=a,
        b=b,
        middle=middle,
        scale=_SCALE,
        scale_shift=_scale_shift(state, node, middle),
        out=state.format(node.name),
    )


def _multiply_reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    plan = state.quantized.plan.of(node.name, MultiplyPlan)
    return pure(Multiplied(plan, state.quantized.fed(node.name, layer, ActivationParameters)))


def _lower_multiply(state: Lowering, node: Node) -> None:
    """The product takes both values in the order of the first one."""
    plan = state.quantization.of(node.name, MultiplyPlan)
    order = state.values[node.inputs[0]].type
    part = multiply_kernel.MultiplySpec(
        type=order,
        scale=_scales(plan.scale, order),
        a=plan.a,
        b=plan.b,
        inner=plan.middle,
        out=plan.out,
        multiplier_frac=plan.scale_shift,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i_a")
    state.feed(node.inputs[1], instance, "i_b")
    _feed_scales(state, instance, plan.scale, order)
    state.produce(node.name, instance)


MULTIPLY = Layer(
    op=Multiply,
    quantization=QuantizationRule(
        format=_gate_format,
        plan=_multiply_plan,
        wants=_wants_hidden,
        scales=_gate_scales,
        settled=_settled,
    ),
    reference=_multiply_reference,
    memory=_MEMORY,
    lowering=_lower_multiply,
)
