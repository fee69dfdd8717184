# SPDX-License-Identifier: Apache-2.0
"""Where values come from: the outside, and rows of a table."""

from dataclasses import dataclass, replace

import numpy as np

from .checks import check_positive
from .feature_layout import FeatureLayout
from .op import ROWS, Array, Lookup, Op, Padded, Parameter, RowUse, Shape, print_shape

__all__ = ["Gather", "Input"]


@dataclass(frozen=True, kw_only=True)
class Input(Op):
    """A value from outside: ``tokens`` (identifiers) or ``positions`` (0, 1, ...), one a row."""

    role: str

    def __post_init__(self) -> None:
        if self.role not in ("tokens", "positions"):
            raise ValueError(f"Input role must be 'tokens' or 'positions', not {self.role!r}")

    @property
    def arity(self) -> int:
        return 0

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (ROWS,)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        """What comes from outside, as the executor hands it in."""
        return inputs[0]


@dataclass(frozen=True, kw_only=True)
class Gather(Op):
    """Rows of a table times ``scale``, chosen by the input's integers."""

    table: str
    rows: int
    features: int
    scale: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self, "rows", "features")
        if self.scale <= 0:
            raise ValueError(f"Gather scale must be positive, not {self.scale}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.table, (self.rows, self.features)),)

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.features,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(inputs[0]) != 1:
            raise ValueError(f"Gather input must have shape [rows], not {print_shape(inputs[0])}")
        return (inputs[0][0], self.features)

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        rows = parameters(self.table)[inputs[0].astype(np.int64)]
        return np.asarray(rows if self.scale == 1 else rows * np.float32(self.scale))

    def row_use(self, inputs: tuple[Shape, ...]) -> RowUse:
        return RowUse(reads=(None,))

    def padded(self, reads: tuple[FeatureLayout, ...], gives: FeatureLayout) -> Padded:
        return Padded(op=replace(self, features=gives.padded), parameters=((None, gives),))
