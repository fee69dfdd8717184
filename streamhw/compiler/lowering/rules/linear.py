# SPDX-License-Identifier: Apache-2.0
"""Matrix products: contexts of shared engines, and the parts of their outputs."""

from dataclasses import replace
from math import ceil, gcd, prod

from ....graph import Chunk, Linear, Node
from ....kernels.elementwise import split
from ....kernels.matmul.context import MatmulContext
from ....kernels.matmul.spec import MatmulSpec
from ....quantization.plan import LinearPlan
from ....stream.itensor.itensor import ITensor, row_major
from ...ir.design import Scope
from ...mapping.engine_sharing import EngineAssignment
from ...mapping.tiling import EngineTiling
from ..builder import Lowering

__all__ = ["chunk", "engine_parameters", "linear"]


def linear(state: Lowering, node: Node) -> None:
    """Gives an engine one more context; its first one places it."""
    op, plan = node.op, state.quantization.plans[node.name]
    assert isinstance(op, Linear) and isinstance(plan, LinearPlan)
    (assignment,) = (b for b in state.assignments if node.name in b.nodes)
    tiling, sizes = state.tiling, state.tiling.engines[assignment.instance]
    context = MatmulContext(
        name=node.name,
        inputs=op.inputs,
        outputs=ceil(op.outputs / sizes.rows) * sizes.rows,
        tokens=1 if state.scope is Scope.TAIL else tiling.token_batch,
        scale_group=plan.scale_group,
        out=plan.out,
        arrival=_arrival(state, node.inputs[0], op.inputs, sizes),
    )
    placed = state.instances.get(assignment.instance)
    if placed is None:
        words = state.beat_bits // (8 * sizes.rows)
        part = MatmulSpec(
            contexts=(context,),
            rows=sizes.rows,
            input_lanes=sizes.inputs,
            lanes=sizes.lanes,
            tokens=tiling.token_batch,
            token_lanes=sizes.token_lanes,
            fabric_lanes=sizes.fabric_lanes,
            paired=sizes.paired,
            loop_order=sizes.loop_order,
            weight_bits=assignment.weight_bits,
            header_lanes=min(8, max(1, words)),
            header_multiple=max(1, words),
        )
    else:
        assert isinstance(placed.part, MatmulSpec)
        part = replace(placed.part, contexts=(*placed.part.contexts, context))
    engine = state.place(assignment.instance, part, Scope.SHARED)
    state.feed(node.inputs[0], engine, f"i_x_{node.name}")
    state.produce(node.name, engine, f"o_{node.name}")


def engine_parameters(state: Lowering, assignment: EngineAssignment) -> None:
    """Streams the parameters of all contexts of an engine into it, once it has them all."""
    engine = state.instances[assignment.instance]
    for port in ("i_header", "i_weight"):
        state.parameters(engine, port, engine.port(port).type)


def _arrival(state: Lowering, name: str, features: int, sizes: EngineTiling) -> ITensor:
    """The order in which an operand comes, if the engine can store it as it comes."""
    type = state.values[name].type
    if (
        type.tile[0] == 1
        and sizes.inputs % type.lanes == 0
        and type.beats() * type.lanes == prod(type.tensor_shape())
        and all(
            loop.dim != 1 or sizes.inputs % loop.step == 0 or loop.step % sizes.inputs == 0
            for loop in type.loops
        )
    ):
        return type
    return row_major(type.fmt, (state.tokens, features), gcd(features, sizes.inputs, type.lanes))


def chunk(state: Lowering, node: Node) -> None:
    op = node.op
    assert isinstance(op, Chunk)
    name = f"{node.inputs[0]}_split"
    if name not in state.instances:
        value = state.values[node.inputs[0]]
        siblings = state.graph.readers(node.inputs[0])
        formats = tuple(state.quantization.plans[reader.name].out for reader in siblings)
        instance = state.place(name, split.SplitSpec(type=value.type, formats=formats))
        state.feed(node.inputs[0], instance, "i")
    state.produce(node.name, state.instances[name], f"o_{op.index}")
