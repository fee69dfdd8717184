# SPDX-License-Identifier: Apache-2.0
"""A quantized model: its plan, and the integers that hardware of that plan is fed with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError
from ..graph import Graph
from ..numerics.fixed import Fixed
from .config import QuantConfig
from .plan import Plan, QuantizationPlan

__all__ = [
    "AFFINE_BYTES",
    "ActivationParameters",
    "AngleParameters",
    "CacheParameters",
    "GatherParameters",
    "LinearParameters",
    "NormParameters",
    "Parameters",
    "QuantizedModel",
    "Scales",
]

AFFINE_BYTES = 8
"""What a row of a matrix has in memory besides weights and group multipliers: bias 0..3,
multiplier 4..5, shift 6, 0."""

Ints = NDArray[np.int64]
Scales = float | NDArray[np.float64]
"""The real size of one LSB: of all features, or of each."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What a node is fed with: arrays of integers, others in each layer."""

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        arrays = (getattr(self, field.name) for field in fields(self))
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, kw_only=True)
class GatherParameters(Parameters):
    """table: int16 [rows, features]."""

    table: NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class NormParameters(Parameters):
    """gamma, beta: int16 [features], the output's scale folded in; no beta in an RMS norm, whose
    gamma is int32 if results have more than 16 bits."""

    gamma: NDArray[np.int16] | NDArray[np.int32]
    beta: NDArray[np.int16] | None


@dataclass(frozen=True, kw_only=True)
class AngleParameters(Parameters):
    """words: int64 [context, pairs], of all positions."""

    words: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LinearParameters(Parameters):
    """A matrix and its tile scales, one row an output.

    weight: int8 [outputs, inputs], codes of the number format
    group_multipliers: uint8 [outputs, inputs / group], 1 to 255, or ``None``
    group_offsets: int8 [outputs, inputs / group], each added to the group's codes times their
        multiplier in units of 2**OFFSET_BITS, or ``None``
    bias: int32 [outputs] in accumulator units; mult: uint16, 2**15 or more; shift: uint8, 0 to 63
    row_step: float64 [outputs], real value of an accumulator LSB (documentation of the scale)
    """

    weight: NDArray[np.int8]
    group_multipliers: NDArray[np.uint8] | None
    group_offsets: NDArray[np.int8] | None
    bias: NDArray[np.int32]
    mult: NDArray[np.uint16]
    shift: NDArray[np.uint8]
    row_step: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ActivationParameters(Parameters):
    """Multipliers of an elementwise kernel; scale: uint16 [features]."""

    scale: NDArray[np.uint16]


@dataclass(frozen=True, kw_only=True)
class CacheParameters(Parameters):
    """What is taken off keys before they are cached, and added to those of the first position when
    they come back; none of it where keys are cached as they are.

    first, usual: int16 [features], offsets at the first position and at all others; lift: int16
    [features], first - usual as far as keys that come back have room
    """

    first: NDArray[np.int16]
    usual: NDArray[np.int16]
    lift: NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class QuantizedModel:
    """A plan with its parameters: what the integer reference computes with, and what a memory image
    is made of. No stage of the compiler needs more than the plan."""

    plan: QuantizationPlan
    _parameters: Mapping[tuple[str, int | None], Parameters] = field(repr=False, compare=False)
    _scales: Mapping[tuple[str, int | None], NDArray[np.float64]] = field(repr=False, compare=False)

    @property
    def graph(self) -> Graph:
        return self.plan.graph

    @property
    def config(self) -> QuantConfig:
        return self.plan.config

    @property
    def plans(self) -> Mapping[str, Plan]:
        return self.plan.plans

    @property
    def formats(self) -> Mapping[str, Fixed]:
        return self.plan.formats

    @property
    def calibration(self) -> str:
        return self.plan.calibration

    def parameters(self, node: str, layer: int | None = None) -> Parameters | None:
        """The integers that a node is fed with in ``layer`` (``None`` outside loops)."""
        return self._parameters.get((node, layer))

    def fed(self, node: str, layer: int | None, kind: type[P]) -> P:
        """The same; raises ``InternalError`` if they are not of that kind."""
        found = self.parameters(node, layer)
        if not isinstance(found, kind):
            raise InternalError(
                f"Node {node} must be fed with {kind.__name__}, not {type(found).__name__}"
            )
        return found

    def scales(self, value: str, layer: int | None = None) -> Scales:
        """The real size of one LSB of a value: ``code * scale`` is the real number."""
        known = self._scales.get((value, layer))
        return self.formats[value].step if known is None else known
