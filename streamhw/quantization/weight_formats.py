# SPDX-License-Identifier: Apache-2.0
"""The number format of each matrix, as far as a configuration says it."""

from ..graph import Graph
from ..numerics.element_format import ElementFormat
from .config import QuantConfig

__all__ = ["weight_format", "weight_formats"]


def weight_format(graph: Graph, product: str, config: QuantConfig) -> ElementFormat:
    """That of the matrix of a product: the head, behind the layers, may have its own."""
    return config.weights(head=graph.loop_of(product) is None)


def weight_formats(graph: Graph, config: QuantConfig) -> dict[str, ElementFormat]:
    """Those of all products, in topological order."""
    return {
        node.name: weight_format(graph, node.name, config)
        for node, _ in graph.walk()
        if node.op.product is not None
    }
