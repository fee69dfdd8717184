# SPDX-License-Identifier: Apache-2.0
"""One operation of a program: plain data, of no framework."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Argument", "Call", "Numbers", "Reference"]


@dataclass(frozen=True)
class Reference:
    """The value of an earlier call, of a constant or of an input, by name."""

    name: str


@dataclass(frozen=True)
class Numbers:
    """The integers of a constant, as a tuple: a shape, or axes."""

    of: Reference


Argument = Any
"""A ``Reference``, ``Numbers``, a number, text, ``None``, or a tuple of these."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """An operation of PyTorch's ATen library on tensors.

    name: of its value
    op: ATen's name without library and overload: ``linear``, ``layer_norm``
    arguments: in ATen's order, with all that have defaults
    place: the module that it is in, ``model.layers.0.mlp``
    said: the operation as the program's own format calls it, if that differs
    """

    name: str
    op: str
    arguments: tuple[Argument, ...]
    place: str = ""
    said: str | None = None
