# SPDX-License-Identifier: Apache-2.0
"""The layer graph: frozen nodes with inferred shapes, rolled loops, a text form."""

from .graph import Graph
from .node import Loop, Node
from .ops import (
    FUNCTIONS,
    LAYER,
    ROWS,
    Activation,
    Add,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Op,
    Parameter,
    Shape,
    parameter_name,
    print_shape,
)
from .text import parse_graph, print_graph

__all__ = [
    "FUNCTIONS",
    "LAYER",
    "ROWS",
    "Activation",
    "Add",
    "ArgMax",
    "Attention",
    "Chunk",
    "Gather",
    "Graph",
    "Input",
    "LastToken",
    "LayerNorm",
    "Linear",
    "Loop",
    "Node",
    "Op",
    "Parameter",
    "Shape",
    "parameter_name",
    "parse_graph",
    "print_graph",
    "print_shape",
]
