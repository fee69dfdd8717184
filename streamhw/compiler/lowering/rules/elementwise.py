# SPDX-License-Identifier: Apache-2.0
"""Element by element: sums, products and activation functions."""

from dataclasses import replace

from ....graph import Node
from ....kernels.elementwise import activation as activation_kernel
from ....kernels.elementwise import add as add_kernel
from ....kernels.elementwise import multiply as multiply_kernel
from ....numerics.fixed import Fixed
from ....numerics.functions import function_named
from ....quantization.plan import ActivationPlan, AddPlan, MultiplyPlan
from ....stream.itensor.algebra import broadcast
from ....stream.itensor.itensor import ITensor, row_major
from ...ir.design import Instance
from ..builder import Lowering

__all__ = ["activation", "add", "multiply"]


def add(state: Lowering, node: Node) -> None:
    plan = state.quantization.plans[node.name]
    assert isinstance(plan, AddPlan)
    features = state.values[node.inputs[0]].type.tensor_shape()[1]
    order = state.rows(plan.out, features)
    instance = state.place(
        node.name, add_kernel.AddSpec(type=order, a=plan.a, b=plan.b, out=plan.out)
    )
    state.feed(node.inputs[0], instance, "i_a")
    state.feed(node.inputs[1], instance, "i_b")
    state.produce(node.name, instance)


def activation(state: Lowering, node: Node) -> None:
    plan = state.quantization.plans[node.name]
    assert isinstance(plan, ActivationPlan)
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


def multiply(state: Lowering, node: Node) -> None:
    """The product takes both values in the order of the first one."""
    plan = state.quantization.plans[node.name]
    assert isinstance(plan, MultiplyPlan)
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


def _scales(fmt: Fixed, order: ITensor) -> ITensor:
    """Multipliers of channels: every token of a group meets the same."""
    return broadcast(replace(order, fmt=fmt), 0)


def _feed_scales(state: Lowering, instance: Instance, fmt: Fixed, order: ITensor) -> None:
    features = order.tensor_shape()[1]
    state.parameters(instance, "i_scale", row_major(fmt, (1, features), order.lanes))
