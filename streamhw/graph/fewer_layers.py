# SPDX-License-Identifier: Apache-2.0
"""A graph of the first layers only: nothing else about it changes."""

from dataclasses import replace

from .graph import Graph
from .node import RolledLoop

__all__ = ["first_layers", "layer_count"]


def layer_count(graph: Graph) -> int:
    """Layers of a model, all of its loops together."""
    return sum(loop.trips for loop in graph.loops)


def first_layers(graph: Graph, layers: int) -> Graph:
    """The same model, of which the value of layer ``layers`` goes on to the head.

    Raises   ``ValueError`` unless there are 1 to as many layers as the graph has, or if it has
             layers of several kinds in loops of their own
    """
    if len(graph.loops) > 1:
        raise ValueError(f"Graph {graph.name} must have one loop of layers, not {len(graph.loops)}")
    if not 1 <= layers <= layer_count(graph):
        raise ValueError(f"Layers must be 1 to {layer_count(graph)}, not {layers}")
    return replace(
        graph,
        nodes=tuple(
            replace(item, trips=layers) if isinstance(item, RolledLoop) else item
            for item in graph.nodes
        ),
    )
