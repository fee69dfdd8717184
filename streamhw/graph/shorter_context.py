# SPDX-License-Identifier: Apache-2.0
"""A graph for fewer positions: what follows from their number becomes smaller, nothing else."""

from collections.abc import Callable
from dataclasses import replace

from .graph import Graph
from .node import Node, RolledLoop
from .ops import Gather

__all__ = ["shorter_graph"]


def shorter_graph(graph: Graph, context: int) -> Graph:
    """The same model of at most ``context`` positions; tables of positions keep their first rows.

    Raises   ``ValueError`` unless there are 1 to as many positions as the graph has
    """
    if not 1 <= context <= graph.context:
        raise ValueError(f"Context must be 1 to {graph.context} positions, not {context}")
    positions = graph.input("positions")

    def node(old: Node) -> Node:
        if isinstance(old.op, Gather) and old.inputs == (positions,):
            return replace(old, op=replace(old.op, rows=min(old.op.rows, context)))
        return old

    return replace(graph, context=context, nodes=tuple(_each(item, node) for item in graph.nodes))


def _each(item: Node | RolledLoop, change: Callable[[Node], Node]) -> Node | RolledLoop:
    if isinstance(item, RolledLoop):
        return replace(item, body=tuple(map(change, item.body)))
    return change(item)
