# SPDX-License-Identifier: Apache-2.0
"""Normalisation of rows."""

from ...graph import LayerNorm, Node
from ...kernels import layernorm
from ...numerics.quantised import NormPlan
from ...stream.itensor import row_major
from ..lowering import Lowering

__all__ = ["layer_norm"]


def layer_norm(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantised.plans[node.name]
    assert isinstance(op, LayerNorm) and isinstance(plan, NormPlan)
    lanes = state.tiling.lanes_of(node.name)
    part = layernorm.LayerNorm(
        features=op.features,
        lanes=lanes,
        tokens=state.tokens,
        source=plan.source,
        out=plan.out,
        epsilon=plan.epsilon,
        gamma_frac=plan.gamma_frac,
        beta_frac=plan.beta_frac,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    affine = instance.port("i_affine").type.fmt
    state.parameters(instance, "i_affine", row_major(affine, (1, op.features), lanes))
    state.produce(node.name, instance)
