# SPDX-License-Identifier: Apache-2.0
"""What all layer kinds have in common: attributes, parameters, shape inference."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .work import AttentionHeads, MatrixProduct, RowPart

__all__ = ["LAYER", "ROWS", "Array", "Floats", "Lookup", "Op", "Parameter", "Shape"]
__all__ += ["parameter_name", "print_shape"]

Array = NDArray[Any]
Floats = NDArray[np.float32]

Lookup = Callable[[str], Floats]
"""A trained tensor by the name that the graph has for it."""

ROWS = "n"
"""The symbolic first dimension of a value: one row for each token of the sequence."""

LAYER = "{layer}"
"""What stands for the iteration number in parameter names inside a rolled loop."""

Shape = tuple[int | str, ...]
"""Dimensions of a value: ``ROWS`` or a positive number each."""


def print_shape(shape: Shape) -> str:
    """``[n, 768]``: how shapes look in messages and in the text form."""
    return f"[{', '.join(str(size) for size in shape)}]"


def parameter_name(template: str, layer: int | None) -> str:
    """The checkpoint name of a parameter: ``{layer}`` replaced by the iteration, if any."""
    return template if layer is None else template.replace(LAYER, str(layer))


@dataclass(frozen=True)
class Parameter:
    """A trained tensor: its name (may contain ``{layer}``) and its shape in the checkpoint."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Op(ABC):
    """A layer kind with its attributes; subclasses are frozen keyword-only dataclasses.

    ``infer`` raises ``ValueError`` if the input shapes do not suit the attributes. ``product``,
    ``attention``, ``row_part`` and ``row_sizes`` are what engine sharing, tiling, exploration and
    the roofline know of it: they ask for these, never for a class.
    """

    @property
    def kind(self) -> str:
        return type(self).__name__

    @property
    def arity(self) -> int:
        """How many values the node reads."""
        return 1

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The trained tensors of the node, in a fixed order."""
        return ()

    @property
    def product(self) -> MatrixProduct | None:
        """The matrix product that it is, if a shared matmul engine computes it."""
        return None

    @property
    def attention(self) -> AttentionHeads | None:
        """The heads of attention over cached keys and values, if it is that."""
        return None

    @property
    def row_part(self) -> RowPart | None:
        """Which part of its operand's rows it moves, if it does nothing else."""
        return None

    @property
    def row_sizes(self) -> tuple[int, ...]:
        """Features of its rows, or of the heads in them, which lanes of row-wise kernels divide."""
        return ()

    @abstractmethod
    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """The shape of the value from the shapes of the ``arity`` inputs."""

    @abstractmethod
    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        """The value in 32-bit floats, for whole sequences [..., rows, features].

        layer: the iteration of the loop that the node is in, ``None`` outside
        """

    def __str__(self) -> str:
        values = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self))
        return f"{self.kind}({values})"
