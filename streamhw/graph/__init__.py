# SPDX-License-Identifier: Apache-2.0
"""The layer graph: frozen nodes with inferred shapes, rolled loops, a text form."""

from .graph import Graph
from .node import Node, RolledLoop
from .ops import (
    OPS,
    Activation,
    Add,
    Angles,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Multiply,
    RmsNorm,
    Rotary,
)
from .ops.op import (
    LAYER,
    ROWS,
    Array,
    Floats,
    Lookup,
    Op,
    Parameter,
    Shape,
    parameter_name,
    print_shape,
)
from .text import parse_graph, print_graph

__all__ = [
    "LAYER",
    "OPS",
    "ROWS",
    "Activation",
    "Add",
    "Angles",
    "ArgMax",
    "Array",
    "Attention",
    "Chunk",
    "Floats",
    "Gather",
    "Graph",
    "Input",
    "LastToken",
    "LayerNorm",
    "Linear",
    "Lookup",
    "Multiply",
    "Node",
    "Op",
    "Parameter",
    "RmsNorm",
    "RolledLoop",
    "Rotary",
    "Shape",
    "parameter_name",
    "parse_graph",
    "print_graph",
    "print_shape",
]
