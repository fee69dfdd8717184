# SPDX-License-Identifier: Apache-2.0
"""The number format of each matrix, as far as a configuration says it."""

from ..errors import UserError
from ..graph import Graph
from ..near_names import did_you_mean
from ..numerics.element_format import ElementFormat, integer_format
from .config import QuantConfig

__all__ = ["check_wide", "weight_format", "weight_formats"]

_WIDE_BITS = 8


def check_wide(graph: Graph, config: QuantConfig) -> None:
    """Raises ``UserError`` if a product that is to have 8 bits is not in the graph."""
    products = [node.name for node, _ in graph.walk() if node.op.product is not None]
    for name in config.wide:
        if name not in products:
            raise UserError(
                f"Product must be one of {', '.join(products)}, not {name!r}",
                hint=did_you_mean(name, products),
            )


def weight_format(graph: Graph, product: str, config: QuantConfig) -> ElementFormat:
    """That of the matrix of a product: the head, behind the layers, and products by name may have
    their own."""
    if product in config.wide:
        return integer_format(_WIDE_BITS)
    return config.weights(head=graph.loop_of(product) is None)


def weight_formats(graph: Graph, config: QuantConfig) -> dict[str, ElementFormat]:
    """Those of all products, in topological order."""
    return {
        node.name: weight_format(graph, node.name, config)
        for node, _ in graph.walk()
        if node.op.product is not None
    }
