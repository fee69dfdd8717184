# SPDX-License-Identifier: Apache-2.0
"""What becomes of the last row: the next token."""

from ....graph import ArgMax, Node
from ....kernels.reduce import argmax
from ....quantization.plan import ArgMaxPlan
from ..builder import Lowering

__all__ = ["arg_max", "last_token"]


def last_token(state: Lowering, node: Node) -> None:
    # The loop's exit already drops all rows but the last.
    state.values[node.name] = state.values[node.inputs[0]]


def arg_max(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.plans[node.name]
    assert isinstance(op, ArgMax) and isinstance(plan, ArgMaxPlan)
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
