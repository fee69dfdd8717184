# SPDX-License-Identifier: Apache-2.0
"""Runs a layer graph: the order of nodes and layers, whatever the arithmetic."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import Array, Graph, Input, LastToken, Node, RolledLoop

__all__ = ["Compute", "execute"]

Compute = Callable[[Node, int | None, tuple[Array, ...]], Array]
"""The value of a node, from its layer (``None`` outside loops) and the values that it reads."""


def execute(
    graph: Graph,
    tokens: NDArray[np.int64],
    compute: Compute,
    *,
    position: int = 0,
    all_rows: bool = False,
) -> dict[str, Array]:
    """Values by name for ``tokens`` [..., n]; of nodes inside a loop, those of its last layer.

    compute: called for each node of each layer in order, except for inputs and ``LastToken``
    position: of the first token
    all_rows: makes ``LastToken`` pass all rows, so that the result covers every position
    """
    values: dict[str, Array] = {}
    places = np.broadcast_to(np.arange(position, position + tokens.shape[-1]), tokens.shape)

    def run(node: Node, layer: int | None) -> None:
        inputs = tuple(values[name] for name in node.inputs)
        if isinstance(node.op, Input):
            values[node.name] = tokens if node.op.role == "tokens" else places
        elif isinstance(node.op, LastToken):
            values[node.name] = inputs[0] if all_rows else inputs[0][..., -1:, :]
        else:
            values[node.name] = compute(node, layer, inputs)

    for item in graph.nodes:
        if isinstance(item, RolledLoop):
            values[item.carried] = values[item.source]
            for layer in range(item.trips):
                for node in item.body:
                    run(node, layer)
                values[item.carried] = values[item.result]
            values[item.name] = values[item.result]
        else:
            run(item, None)
    return values
