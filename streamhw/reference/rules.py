# SPDX-License-Identifier: Apache-2.0
"""What the integer reference asks of a layer kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..graph import Node, Op
from ..quantization.quantized_model import QuantizedModel
from .cache import Cache
from .nodes import Codes

__all__ = ["IntegerFunction", "Invocation", "Preparation", "ReferenceRule", "ReferenceRules"]
__all__ += ["pure"]

_WIDE_BYTES = 2 << 30
"""Of matrices kept as 32-bit floats; those of larger models are kept in 16 bits."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What a node may need besides its operands.

    cache: keys and values so far; record: takes inner tensors by their names, if they are wanted
    """

    cache: Cache
    record: Callable[[str, NDArray[np.int64]], None] | None = None


IntegerFunction = Callable[[Invocation, tuple[Codes, ...]], Codes]
"""The codes of a node's value [..., rows, features] from those of its operands."""


@dataclass
class Preparation:
    """A model while its nodes are prepared; kept: bytes of matrices so far."""

    quantized: QuantizedModel
    kept: int = 0

    @property
    def wide(self) -> bool:
        """Whether there is still room for matrices of 32-bit floats."""
        return self.kept < _WIDE_BYTES


ReferenceRule = Callable[[Preparation, Node, int | None], IntegerFunction]
"""Prepares a node of a layer: constants are made once, before the first token."""

ReferenceRules = Mapping[type[Op], ReferenceRule]


def pure(function: Callable[..., Codes]) -> IntegerFunction:
    """A function of nothing but the operands."""
    return lambda invocation, inputs: function(*inputs)
