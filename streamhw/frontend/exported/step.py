# SPDX-License-Identifier: Apache-2.0
"""A layer of the model before repeated layers are found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import Op
from .constant import Constant
from .no_layer_error import NoLayerError

__all__ = ["Mask", "Step"]

_HIDDEN = -1e4
"""What is added to scores that are not to count is below this."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Mask:
    """A constant that says which positions rows read; inverse: which ones they do not."""

    constant: Constant
    inverse: bool = False

    def seen(self, values: NDArray[Any], rows: int) -> NDArray[np.bool_]:
        """Which positions each row reads, [rows, rows], if the constant has these values: truth, or
        numbers that are added to scores."""
        if values.ndim < 2:
            values = np.broadcast_to(values, (rows, rows))
        if values.shape[-2:] != (rows, rows):
            values = np.broadcast_to(values, (*values.shape[:-2], rows, rows))
        flat = values.reshape(-1, rows, rows)
        if any((other != flat[0]).any() for other in flat[1:]):
            raise NoLayerError("masks must be the same for all heads")
        if self.inverse:
            return np.asarray(~flat[0].astype(np.bool_))
        if flat.dtype == np.bool_:
            return np.asarray(flat[0])
        hidden = flat[0] < _HIDDEN
        if (flat[0][~hidden] != 0).any():
            raise NoLayerError("what is added to scores must be 0, or hide a position")
        return np.asarray(~hidden)


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """A layer kind with what it reads; parameters have the names of their own tensors.

    features: of its rows; place: the module that it was found in
    masks: what positions rows of attention read, as far as it is not all earlier ones
    """

    op: Op
    inputs: tuple["Step", ...]
    features: int
    place: str
    masks: tuple[Mask, ...] = ()

    def depends_on(self, other: "Step") -> bool:
        """Whether it is computed from the value of another one, or is that."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            step = waiting.pop()
            if step is other:
                return True
            if id(step) not in seen:
                seen.add(id(step))
                waiting.extend(step.inputs)
        return False
