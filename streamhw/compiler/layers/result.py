# SPDX-License-Identifier: Apache-2.0
"""What becomes of the last row: the next token."""

from ...graph import ArgMax, LastToken, Node
from ...kernels.reduce import argmax
from ...numerics.fixed import Fixed
from ...quantization.formats import RESIDUAL_MARGIN, fraction, index_format
from ...quantization.plan import ArgMaxPlan, PassPlan
from ...quantization.rules import Quantization, QuantizationRule
from ...reference.nodes import greatest
from ...reference.rules import IntegerFunction, Preparation, pure
from ..lowering.builder import Lowering
from .layer import Layer

__all__ = ["ARG_MAX", "LAST_TOKEN"]

_LOGIT_FRACTION = 16
"""No finer: the multiplier of a row must stay below 2**16."""


def _pass_plan(state: Quantization, node: Node) -> PassPlan:
    return PassPlan(source=state.format(node.inputs[0]), out=state.format(node.name))


def _lower_last(state: Lowering, node: Node) -> None:
    # The loop's exit already drops all rows but the last.
    state.values[node.name] = state.values[node.inputs[0]]


LAST_TOKEN = Layer(
    op=LastToken,
    quantization=QuantizationRule(
        format=lambda state, node: state.residual,
        plan=_pass_plan,
    ),
    reference=None,
    lowering=_lower_last,
)


def _index(state: Quantization, node: Node) -> Fixed:
    assert isinstance(node.op, ArgMax)
    return index_format(node.op.classes)


def _wants_logits(state: Quantization, node: Node, name: str) -> Fixed:
    frac = fraction(32, state.largest(name), RESIDUAL_MARGIN)
    return Fixed(32, min(_LOGIT_FRACTION, frac))


def _plan(state: Quantization, node: Node) -> ArgMaxPlan:
    return ArgMaxPlan(source=state.format(node.inputs[0]), out=state.format(node.name))


def _reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    return pure(greatest)


def _lower_arg_max(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.of(node.name, ArgMaxPlan)
    assert isinstance(op, ArgMax)
    value = state.values[node.inputs[0]]
    part = argmax.ArgMaxSpec(
        outputs=value.type.tensor_shape()[1],
        valid=op.classes,
        lanes=value.type.lanes,
        fmt=plan.source,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    state.produce(node.name, instance)


ARG_MAX = Layer(
    op=ArgMax,
    quantization=QuantizationRule(format=_index, plan=_plan, wants=_wants_logits),
    reference=_reference,
    lowering=_lower_arg_max,
)
