# SPDX-License-Identifier: Apache-2.0
"""Layer kinds: what a graph node computes, its parameters, and the shape of its value."""

from .attention import Attention
from .elementwise import Activation, Add, Multiply
from .linear import Chunk, Linear
from .norm import LayerNorm, RmsNorm
from .op import Op
from .result import ArgMax, LastToken
from .rotary import Angles, Rotary, Scaling
from .source import Gather, Input
from .work import AttentionHeads, MatrixProduct, RowPart

__all__ = [
    "OPS",
    "Activation",
    "Add",
    "Angles",
    "ArgMax",
    "Attention",
    "AttentionHeads",
    "Chunk",
    "Gather",
    "Input",
    "LastToken",
    "LayerNorm",
    "Linear",
    "MatrixProduct",
    "Multiply",
    "RmsNorm",
    "Rotary",
    "RowPart",
    "Scaling",
]

OPS: tuple[type[Op], ...] = (
    Input,
    Gather,
    Add,
    Multiply,
    LayerNorm,
    RmsNorm,
    Angles,
    Rotary,
    Linear,
    Chunk,
    Attention,
    Activation,
    LastToken,
    ArgMax,
)
"""The layer kinds of streamhw, as the text form knows them."""
