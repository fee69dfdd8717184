# SPDX-License-Identifier: Apache-2.0
"""How each layer kind becomes hardware; a new kind adds a kernel file and a line here."""

from collections.abc import Mapping

from ....graph import (
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
    Op,
    RmsNorm,
    Rotary,
)
from ..builder import Rule
from .attention import attention
from .elementwise import activation, add, multiply
from .linear import chunk, linear
from .norm import norm
from .result import arg_max, last_token
from .rotary import angles, rotary
from .source import gather, source

__all__ = ["RULES"]

RULES: Mapping[type[Op], Rule] = {
    Input: source,
    Gather: gather,
    Add: add,
    Multiply: multiply,
    LayerNorm: norm,
    RmsNorm: norm,
    Angles: angles,
    Rotary: rotary,
    Linear: linear,
    Chunk: chunk,
    Attention: attention,
    Activation: activation,
    LastToken: last_token,
    ArgMax: arg_max,
}
"""The rule of each layer kind."""
