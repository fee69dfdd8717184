# SPDX-License-Identifier: Apache-2.0
"""Element by element: sums and activation functions."""

from dataclasses import replace

from ...graph import Node
from ...kernels import activation as activation_kernel
from ...kernels import add as add_kernel
from ...numerics.quantised import ActivationPlan, AddPlan
from ...numerics.tables import Function
from ...stream.algebra import broadcast
from ...stream.itensor import row_major
from ..lowering import Lowering

__all__ = ["activation", "add"]


def add(state: Lowering, node: Node) -> None:
    plan = state.quantised.plans[node.name]
    assert isinstance(plan, AddPlan)
    features = state.values[node.inputs[0]].type.tensor_shape()[1]
    order = state.rows(plan.out, features)
    instance = state.place(node.name, add_kernel.Add(type=order, a=plan.a, b=plan.b, out=plan.out))
    state.feed(node.inputs[0], instance, "i_a")
    state.feed(node.inputs[1], instance, "i_b")
    state.produce(node.name, instance)


def activation(state: Lowering, node: Node) -> None:
    plan = state.quantised.plans[node.name]
    assert isinstance(plan, ActivationPlan)
    value = state.values[node.inputs[0]]
    features = value.type.tensor_shape()[1]
    # Every token of a group meets the same multipliers.
    scales = broadcast(replace(value.type, fmt=plan.scale), 0)
    part = activation_kernel.Activation(
        function=Function(plan.function),
        type=value.type,
        scale=scales,
        out=plan.out,
        inner=plan.middle,
        multiplier_frac=plan.scale_shift,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    state.parameters(instance, "i_scale", row_major(plan.scale, (1, features), value.type.lanes))
    state.produce(node.name, instance)
