# SPDX-License-Identifier: Apache-2.0
"""Rotary embeddings: angles of the step's positions from memory, and the turn of each head."""

from ....graph import Angles, Node, Rotary
from ....kernels.attention import rotary as rotary_kernel
from ....kernels.memory import angles as angles_kernel
from ....quantization.plan import RotaryPlan
from ..builder import Lowering

__all__ = ["angles", "rotary"]


def angles(state: Lowering, node: Node) -> None:
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
        layered=len(op.bases) > 1,
    )
    instance = state.place(node.name, part, region=node.name)
    state.produce(node.name, instance)


def rotary(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.plans[node.name]
    assert isinstance(op, Rotary) and isinstance(plan, RotaryPlan)
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
