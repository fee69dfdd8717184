# SPDX-License-Identifier: Apache-2.0
"""What all layer kinds have in common: attributes, parameters, shape inference."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .feature_layout import FeatureLayout, fixed
from .work import AttentionHeads, MatrixProduct, RowPart

__all__ = ["LAYER", "ROWS", "Array", "Floats", "Lookup", "Op", "Parameter", "Shape"]
__all__ += ["Padded", "RowUse", "parameter_name", "print_shape"]

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
class RowUse:
    """How a layer kind reads and gives rows of features; what hardware may pad follows from it.

    reads: how each input's row is cut, ``None`` where it does not matter
    gives: how the result's row is cut, ``None`` where it does not matter
    same: the inputs whose rows lie as that of the result
    """

    reads: tuple[FeatureLayout | None, ...]
    gives: FeatureLayout | None = None
    same: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Padded:
    """A layer kind for padded rows.

    op: with padded sizes; it computes the same numbers where there were features before
    parameters: of each trained tensor, the layouts of its axes; ``None``: an axis as it is
    """

    op: "Op"
    parameters: tuple[tuple[FeatureLayout | None, ...], ...] = ()


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

    @property
    def half_rows(self) -> tuple[int, ...]:
        """Features of half heads that lanes of its kernel divide, or that divide them."""
        return ()

    @abstractmethod
    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """The shape of the value from the shapes of the ``arity`` inputs."""

    @abstractmethod
    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        """The value in 32-bit floats, for whole sequences [..., rows, features].

        layer: the iteration of the loop that the node is in, ``None`` outside
        """

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        """How rows are read and given; by default none of them may be padded."""
        sizes = [shape[-1] if len(shape) > 1 else None for shape in (*inputs, self.infer(inputs))]
        rows = [fixed(size) if isinstance(size, int) else None for size in sizes]
        return RowUse(reads=tuple(rows[:-1]), gives=rows[-1])

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        """The layer kind for rows of these layouts, as ``row_use`` allows them."""
        return Padded(op=self, parameters=tuple((None,) * len(p.shape) for p in self.parameters))

    def __str__(self) -> str:
        values = ", ".join(
            f"{f.name}={value!r}"
            for f in fields(self)
            if (value := getattr(self, f.name)) is not None or f.default is not None
        )
        return f"{self.kind}({values})"
