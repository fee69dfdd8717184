# SPDX-License-Identifier: Apache-2.0
"""The float reference: executes a layer graph with numpy in 32-bit floats, whole sequences."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from . import Array, Floats, Graph, Node, parameter_name
from .executor import Compute, execute

__all__ = ["float_compute", "forward"]


def float_compute(weights: Mapping[str, Floats]) -> Compute:
    """The arithmetic of ``execute`` in 32-bit floats."""

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        return node.op.evaluate(inputs, lambda n: weights[parameter_name(n, layer)], layer)

    return compute


def forward(
    graph: Graph,
    weights: Mapping[str, Floats],
    tokens: NDArray[np.int64],
    *,
    all_rows: bool = False,
) -> dict[str, Array]:
    """Values by name for ``tokens`` [..., n], as ``execute`` in 32-bit floats."""
    return execute(graph, tokens, float_compute(weights), all_rows=all_rows)
