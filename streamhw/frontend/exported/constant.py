# SPDX-License-Identifier: Apache-2.0
"""What does not depend on the tokens: trained tensors, masks, angles of positions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Constant", "names_in"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Constant:
    """A tensor that is the same for all tokens.

    native: as its framework has it
    load: reads it as an array of floats, integers or truth values
    names: of the trained tensor that it is, or was computed from; a tied one has several
    whole: whether it is that tensor itself; transposed: whether it is its transpose
    """

    native: Any
    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]] = field(repr=False)
    names: tuple[str, ...] = ()
    whole: bool = False
    transposed: bool = False
    kind: str = "F32"

    def read(self) -> NDArray[Any]:
        """Its values, converted each time: a model has gigabytes of them."""
        return self.load()

    @cached_property
    def values(self) -> NDArray[Any]:
        """The same of a small one, kept."""
        return np.asarray(self.load())

    @property
    def upright(self) -> "Constant":
        """The trained tensor that it is the transpose of."""
        return replace(
            self,
            shape=self.shape[::-1],
            load=lambda: np.asarray(self.load()).T,
            transposed=False,
            whole=True,
        )

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


def names_in(value: object) -> Iterator[str]:
    """The names of all constants in an argument, which may be a tuple of arguments."""
    if isinstance(value, Constant):
        yield from value.names
    elif isinstance(value, tuple):
        for part in value:
            yield from names_in(part)
