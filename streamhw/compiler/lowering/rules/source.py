# SPDX-License-Identifier: Apache-2.0
"""Where values come from: tokens, positions, and rows of a table."""

from ....graph import Gather, Input, Node
from ....kernels.memory import gather as gather_kernel
from ....numerics.fixed import Fixed
from ....quantization.plan import GatherPlan
from ....stream.itensor.itensor import ITensor, Loop
from ...ir.design import End
from ..builder import Lowering, Value

__all__ = ["gather", "source"]


def source(state: Lowering, node: Node) -> None:
    op = node.op
    assert isinstance(op, Input)
    bound = state.graph.vocabulary if op.role == "tokens" else state.graph.context
    fmt = Fixed(max(1, (bound - 1).bit_length()), signed=False)
    port = "o_token" if op.role == "tokens" else "o_position"
    each = ITensor(fmt, (1,), (Loop(state.tokens, 1, 0),))
    state.values[node.name] = Value(End("sequencer", port), each)


def gather(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.plans[node.name]
    assert isinstance(op, Gather) and isinstance(plan, GatherPlan)
    part = gather_kernel.GatherSpec(
        rows=op.rows,
        features=op.features,
        lanes=state.tiling.lanes,
        tokens=state.tiling.token_batch,
        fmt=plan.stored,
        out=plan.out,
        width=state.beat_bits,
    )
    instance = state.place(node.name, part, region=node.name)
    state.feed(node.inputs[0], instance, "i_index")
    state.produce(node.name, instance)
