# SPDX-License-Identifier: Apache-2.0
"""Normalization of rows, and of the heads in them."""

from ....graph import LayerNorm, Node, RmsNorm
from ....kernels.norm import layernorm
from ....quantization.plan import NormPlan
from ....stream.itensor.itensor import row_major
from ..builder import Lowering

__all__ = ["norm"]


def norm(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.plans[node.name]
    assert isinstance(op, LayerNorm | RmsNorm) and isinstance(plan, NormPlan)
    lanes = state.tiling.lanes_of(node.name)
    part = layernorm.NormSpec(
        features=op.features,
        lanes=lanes,
        tokens=state.tokens,
        source=plan.source,
        out=plan.out,
        epsilon=plan.epsilon,
        gamma_frac=plan.gamma_frac,
        beta_frac=plan.beta_frac,
        heads=plan.heads,
        centered=plan.centered,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    affine = instance.port("i_affine").type.fmt
    stored = row_major(affine, (1, plan.heads * op.features), lanes)
    state.parameters(instance, "i_affine", stored)
    state.produce(node.name, instance)
