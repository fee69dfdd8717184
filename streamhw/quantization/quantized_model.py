# SPDX-License-Identifier: Apache-2.0
"""A quantized model: formats that hardware is built from, and integers that it is fed with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph
from ..numerics.fixed import Fixed
from .config import QuantConfig

__all__ = [
    "ActivationParameters",
    "ActivationPlan",
    "AddPlan",
    "AngleParameters",
    "AnglePlan",
    "ArgMaxPlan",
    "AttentionPlan",
    "GatherParameters",
    "GatherPlan",
    "LinearParameters",
    "LinearPlan",
    "MultiplyPlan",
    "NormParameters",
    "NormPlan",
    "Parameters",
    "PassPlan",
    "Plan",
    "QuantisedModel",
    "RotaryPlan",
    "Steps",
]

Ints = NDArray[np.int64]
Steps = float | NDArray[np.float64]
"""The real size of one LSB: of all features, or of each."""


@dataclass(frozen=True, kw_only=True)
class GatherPlan:
    """Rows of a table of ``table``, the same numbers in ``out``; ``None``: both are ``out``."""

    out: Fixed
    table: Fixed | None = None

    @property
    def stored(self) -> Fixed:
        """Format of the table's elements."""
        return self.table or self.out


@dataclass(frozen=True, kw_only=True)
class AddPlan:
    """``round_shift(a + b)`` aligned at the finer step, saturated to ``out``."""

    a: Fixed
    b: Fixed
    out: Fixed


@dataclass(frozen=True, kw_only=True)
class NormPlan:
    """Layer norm from ``source``; gamma and beta (s16) have these fraction bits.

    heads: runs of a row that are normalized each by itself; centered: whether the mean is taken off
    (layer norm), or not and there is no beta (RMS norm)
    """

    source: Fixed
    out: Fixed
    epsilon: float
    gamma_frac: int
    beta_frac: int
    heads: int = 1
    centered: bool = True


@dataclass(frozen=True, kw_only=True)
class AnglePlan:
    """Cosines and sines of positions, a word in ``out`` for each pair of features."""

    out: Fixed


@dataclass(frozen=True, kw_only=True)
class RotaryPlan:
    """``saturate(round_shift(x * c - y * s, shift))`` and ``y * c + x * s`` of pairs x, y."""

    source: Fixed
    out: Fixed


@dataclass(frozen=True, kw_only=True)
class LinearPlan:
    """``saturate(round_shift((sum_g m[r,g] * (w . x)_g + bias[r]) * mult[r], shift[r]))``.

    weight_bits: 4 or 8; group: columns of a group multiplier, ``None``: none
    source: format of the input, int8; out: what results saturate to
    """

    weight_bits: int
    scale_group: int | None
    source: Fixed
    out: Fixed


@dataclass(frozen=True, kw_only=True)
class PassPlan:
    """Moves elements (chunk, last token): the same integers, saturated to ``out``."""

    source: Fixed
    out: Fixed


@dataclass(frozen=True, kw_only=True)
class AttentionPlan:
    """Integer scores, softmax, and the weighted sum of values.

    scores = saturate(round_shift(q . k, score_shift)); probabilities = softmax of each row;
    out = saturate(round_shift(sum p * v, value_shift)). ``query.frac`` is the fraction of the
    integer dot product: keys are integers, their scale and 1/sqrt(head_dim) are in the queries.
    """

    query: Fixed
    key: Fixed
    value: Fixed
    scores: Fixed
    probabilities: Fixed
    out: Fixed
    score_shift: int
    value_shift: int


@dataclass(frozen=True, kw_only=True)
class ActivationPlan:
    """``saturate(round_shift(f(x) * scale[channel], scale_shift))``, f from source to middle.

    Without ``scale`` the result is f(x), and ``out`` is ``middle``.
    """

    function: str
    source: Fixed
    middle: Fixed
    scale: Fixed | None
    scale_shift: int
    out: Fixed


@dataclass(frozen=True, kw_only=True)
class MultiplyPlan:
    """``saturate(round_shift(p * scale[channel], scale_shift))``, p = a * b rounded to middle."""

    a: Fixed
    b: Fixed
    middle: Fixed
    scale: Fixed
    scale_shift: int
    out: Fixed


@dataclass(frozen=True, kw_only=True)
class ArgMaxPlan:
    """The index, in ``out``, of the greatest element of ``source``."""

    source: Fixed
    out: Fixed


Plan = (
    GatherPlan
    | AddPlan
    | NormPlan
    | LinearPlan
    | PassPlan
    | AttentionPlan
    | AnglePlan
    | RotaryPlan
    | ActivationPlan
    | MultiplyPlan
    | ArgMaxPlan
)
"""How a node computes: the same for all layers of a loop."""


@dataclass(frozen=True, kw_only=True)
class GatherParameters:
    """table: int16 [rows, features]."""

    table: NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class NormParameters:
    """gamma, beta: int16 [features], the output's scale folded in; no beta in an RMS norm."""

    gamma: NDArray[np.int16]
    beta: NDArray[np.int16] | None


@dataclass(frozen=True, kw_only=True)
class AngleParameters:
    """words: int64 [context, pairs], of all positions."""

    words: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LinearParameters:
    """A matrix and its header, one row an output.

    weight: int8 [outputs, inputs], codes of ``weight_bits``
    group_multipliers: uint8 [outputs, inputs / group], 1 to 255, or ``None``
    bias: int32 [outputs] in accumulator units; mult: uint16, 2**15 or more; shift: uint8, 0 to 63
    row_step: float64 [outputs], real value of an accumulator LSB (documentation of the scale)
    """

    weight: NDArray[np.int8]
    group_multipliers: NDArray[np.uint8] | None
    bias: NDArray[np.int32]
    mult: NDArray[np.uint16]
    shift: NDArray[np.uint8]
    row_step: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ActivationParameters:
    """Multipliers of an elementwise kernel; scale: uint16 [features]."""

    scale: NDArray[np.uint16]


Parameters = (
    GatherParameters | NormParameters | AngleParameters | LinearParameters | ActivationParameters
)
"""What a node is fed with: differs from layer to layer."""


@dataclass(frozen=True, kw_only=True)
class QuantisedModel:
    """A graph whose every value has an integer format, with all integer parameters.

    graph: what is computed
    config: how it was quantized
    plans: by node name, for every node but inputs
    formats: by value name (nodes, loops, carried values)
    calibration: what ranges were measured on, in words
    """

    graph: Graph
    config: QuantConfig
    plans: Mapping[str, Plan]
    formats: Mapping[str, Fixed]
    calibration: str
    _parameters: Mapping[tuple[str, int | None], Parameters] = field(repr=False, compare=False)
    _steps: Mapping[tuple[str, int | None], NDArray[np.float64]] = field(repr=False, compare=False)

    def formats_only(self) -> "QuantisedModel":
        """The same without integers and steps: enough to compile, and small enough to send."""
        return replace(self, _parameters={}, _steps={})

    def parameters(self, node: str, layer: int | None = None) -> Parameters | None:
        """The integers that a node is fed with in ``layer`` (``None`` outside loops)."""
        return self._parameters.get((node, layer))

    def steps(self, value: str, layer: int | None = None) -> Steps:
        """The real size of one LSB of a value: ``code * steps`` is the real number."""
        known = self._steps.get((value, layer))
        return self.formats[value].step if known is None else known
