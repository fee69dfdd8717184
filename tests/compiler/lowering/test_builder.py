# SPDX-License-Identifier: Apache-2.0
"""The builder's values: where a value of the graph comes from, and in which order."""

from streamhw.compiler.ir.levels import Dataflow
from streamhw.stream.spec import Role


def test_values_keep_their_names_on_the_way(compiled) -> None:
    design: Dataflow = compiled(stop="lower")
    known = {node.name for node, _ in design.graph.walk()}
    carried = {c.value for c in design.channels if c.value is not None}
    assert carried & known
    for name in carried & known:
        types = {c.produced.tensor_shape() for c in design.channels if c.value == name}
        assert len(types) >= 1


def test_regions_belong_to_parts_that_ask_memory(compiled) -> None:
    design: Dataflow = compiled(stop="lower")
    regions = [i for i in design.instances if i.region is not None]
    assert len(regions) >= 2 + 2  # of each cache a writer and a reader
    assert all(i.has(Role.MEM_COMMAND) for i in regions)


def test_parts_know_the_node_that_they_are_there_for(compiled) -> None:
    design: Dataflow = compiled(stop="lower")
    attention = next(n.name for n, _ in design.graph.walk() if n.op.attention is not None)
    placed = {i.name for i in design.instances if i.node == attention}
    assert {f"{attention}_scores", f"{attention}_softmax", f"{attention}_values"} < placed
    for assignment in design.assignments:
        assert design.instance(assignment.instance).node == assignment.nodes[0]
    assert all(i.node is None for i in design.instances if i.has(Role.LOOP_ENTRY))
