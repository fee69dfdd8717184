# SPDX-License-Identifier: Apache-2.0
"""Matrix products: contexts of shared engines, and the parts of their outputs."""

from math import ceil

from ...graph import Chunk, Linear, Node
from ...kernels import matmul, split
from ...numerics.quantised import LinearPlan
from ..bind import Binding
from ..design import Scope
from ..lowering import Lowering

__all__ = ["chunk", "engine", "linear"]


def engine(state: Lowering, binding: Binding) -> None:
    sizes = state.tiling.engines[binding.instance]
    contexts = []
    for name in binding.nodes:
        op, plan = state.graph.node(name).op, state.quantised.plans[name]
        assert isinstance(op, Linear) and isinstance(plan, LinearPlan)
        contexts.append(
            matmul.MatmulContext(
                name=name,
                inputs=op.inputs,
                outputs=ceil(op.outputs / sizes.rows) * sizes.rows,
                tokens=1 if name in binding.tail else state.tiling.group,
                group=plan.group,
                out=plan.out,
            )
        )
    engine = state.place(
        binding.instance,
        matmul.Matmul(
            contexts=tuple(contexts),
            rows=sizes.rows,
            input_lanes=sizes.inputs,
            lanes=sizes.lanes,
            tokens=state.tiling.group,
            weight_bits=binding.weight_bits,
            header_multiple=max(1, state.beat_bits // (8 * sizes.rows)),
        ),
        Scope.SHARED,
    )
    for port in ("i_header", "i_weight"):
        state.parameters(engine, port, engine.port(port).type)


def linear(state: Lowering, node: Node) -> None:
    (binding,) = (b for b in state.bindings if node.name in b.nodes)
    engine = state.instances[binding.instance]
    state.feed(node.inputs[0], engine, f"i_x_{node.name}")
    state.produce(node.name, engine, f"o_{node.name}")


def chunk(state: Lowering, node: Node) -> None:
    op = node.op
    assert isinstance(op, Chunk)
    name = f"{node.inputs[0]}_split"
    if name not in state.instances:
        value = state.values[node.inputs[0]]
        siblings = state.graph.readers(node.inputs[0])
        formats = tuple(state.quantised.plans[reader.name].out for reader in siblings)
        instance = state.place(name, split.Split(type=value.type, formats=formats))
        state.feed(node.inputs[0], instance, "i")
    state.produce(node.name, state.instances[name], f"o_{op.index}")
