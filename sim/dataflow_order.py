# SPDX-License-Identifier: Apache-2.0
"""Streams in the order of the dataflow: whatever a kernel reads stands before what it gives."""

from collections.abc import Sequence

import networkx as nx

from ..compiler.ir.netlist import Channel
from ..graph import Graph

__all__ = ["dataflow_order"]


def dataflow_order(graph: Graph, channels: Sequence[Channel]) -> list[Channel]:
    """The channels by the graph's order of their values.

    Instances do not tell: an engine that products share is both before and after most others.
    Those of one value, inner values of its kernel among them, follow each other as they are linked.
    """
    places = _places(graph)
    value = {channel.name: _node_of(str(channel.value), places) for channel in channels}
    linked: nx.DiGraph[str] = nx.DiGraph()
    linked.add_nodes_from(value)
    for before in channels:
        for after in channels:
            same = value[before.name] == value[after.name]
            if same and before.sink.instance == after.source.instance:
                linked.add_edge(before.name, after.name)
    rank = {channel.name: index for index, channel in enumerate(channels)}
    # A loop, as through memory, is one place: the netlist's order is as good as any.
    merged = nx.condensation(linked)
    order = nx.lexicographical_topological_sort(
        merged, key=lambda group: min(rank[name] for name in merged.nodes[group]["members"])
    )
    place = {
        name: index for index, group in enumerate(order) for name in merged.nodes[group]["members"]
    }
    return sorted(channels, key=lambda c: (places[value[c.name]], place[c.name], rank[c.name]))


def _places(graph: Graph) -> dict[str, int]:
    """Of all values, in the order in which they are computed."""
    names: list[str] = []
    loops = {loop.name: loop for loop in graph.loops}
    for item in graph.nodes:
        if item.name in loops:
            loop = loops[item.name]
            names += [loop.carried, *(node.name for node in loop.body)]
        names.append(item.name)
    return {name: index for index, name in enumerate(names)}


def _node_of(value: str, places: dict[str, int]) -> str:
    """The value, or the one that an inner value belongs to."""
    while value not in places:
        value, dot, _ = value.rpartition(".")
        assert dot, "a stream must carry a value of the graph"
    return value
