# SPDX-License-Identifier: Apache-2.0
"""How a quantized model computes, as plain data: the formats that hardware is built from."""

from dataclasses import dataclass
from typing import TypeVar

from ..errors import InternalError
from ..frozen_map import FrozenMap
from ..graph import Graph
from ..numerics.element_format import ElementFormat
from ..numerics.fixed import Fixed
from ..numerics.group_codec import GroupCodec
from .config import QuantConfig
from .formats import BYTE

__all__ = [
    "ActivationPlan",
    "AddPlan",
    "AnglePlan",
    "ArgMaxPlan",
    "AttentionPlan",
    "GatherPlan",
    "LinearPlan",
    "MultiplyPlan",
    "NormPlan",
    "PassPlan",
    "Plan",
    "QuantizationPlan",
    "RotaryPlan",
]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a node computes: the same for all layers of a loop.

    out: format of its value
    """

    out: Fixed


P = TypeVar("P", bound=Plan)


@dataclass(frozen=True, kw_only=True)
class GatherPlan(Plan):
    """Rows of a table of ``table``, the same numbers in ``out``; ``None``: both are ``out``."""

    table: Fixed | None = None

    @property
    def stored(self) -> Fixed:
        """Format of the table's elements."""
        return self.table or self.out


@dataclass(frozen=True, kw_only=True)
class AddPlan(Plan):
    """``round_shift(a + b)`` aligned at the finer step, saturated to ``out``."""

    a: Fixed
    b: Fixed


@dataclass(frozen=True, kw_only=True)
class NormPlan(Plan):
    """Layer norm from ``source``; gamma and beta have these fraction bits.

    heads: runs of a row that are normalized each by itself; centered: whether the mean is taken off
    (layer norm), or not and there is no beta (RMS norm); counted: features that means are taken
    over
    """

    source: Fixed
    epsilon: float
    gamma_frac: int
    beta_frac: int
    counted: int
    heads: int = 1
    centered: bool = True


@dataclass(frozen=True, kw_only=True)
class AnglePlan(Plan):
    """Cosines and sines of positions, a word in ``out`` for each pair of features."""


@dataclass(frozen=True, kw_only=True)
class RotaryPlan(Plan):
    """``saturate(round_shift(x * c - y * s, shift))`` and ``y * c + x * s`` of pairs x, y."""

    source: Fixed


@dataclass(frozen=True, kw_only=True)
class LinearPlan(Plan):
    """``saturate(round_shift((sum_g m[r,g] * (w . x)_g + bias[r]) * mult[r], shift[r]))``.

    weights: codes of the matrix, and how many columns share a multiplier m; with offsets n, the sum
    has ``2**OFFSET_BITS * n[r,g] * sum(x)_g`` added
    source: format of the input, int8 or two digits; out: what results saturate to
    """

    weights: ElementFormat
    source: Fixed


@dataclass(frozen=True, kw_only=True)
class PassPlan(Plan):
    """Moves elements (chunk, last token): the same integers, saturated to ``out``."""

    source: Fixed


@dataclass(frozen=True, kw_only=True)
class AttentionPlan(Plan):
    """Integer scores, softmax, and the weighted sum of values.

    scores = saturate(round_shift(q . k, score_shift)); probabilities = softmax of each row;
    out = saturate(round_shift(sum p * v, value_shift)). ``query.frac`` is the fraction of the
    integer dot product: keys are integers, their scale and 1/sqrt(head_dim) are in the queries.

    codec: of keys and values in memory; ``None``: they are there as they are; centered: whether
    keys lose ``CacheParameters`` first. No softmax sees what all keys of a query have alike.
    """

    query: Fixed
    key: Fixed
    value: Fixed
    scores: Fixed
    probabilities: Fixed
    score_shift: int
    value_shift: int
    codec: GroupCodec | None = None
    centered: bool = False


@dataclass(frozen=True, kw_only=True)
class ActivationPlan(Plan):
    """``saturate(round_shift(f(x) * scale[channel], scale_shift))``, f from source to middle.

    Without ``scale`` the result is f(x), and ``out`` is ``middle``.
    """

    function: str
    source: Fixed
    middle: Fixed
    scale: Fixed | None
    scale_shift: int


@dataclass(frozen=True, kw_only=True)
class MultiplyPlan(Plan):
    """``saturate(round_shift(p * scale[channel], scale_shift))``, p = a * b rounded to middle."""

    a: Fixed
    b: Fixed
    middle: Fixed
    scale: Fixed
    scale_shift: int


@dataclass(frozen=True, kw_only=True)
class ArgMaxPlan(Plan):
    """The index, in ``out``, of the greatest element of ``source``."""

    source: Fixed


@dataclass(frozen=True, kw_only=True)
class QuantizationPlan:
    """A graph whose every value has an integer format, without the integers themselves.

    graph: what is computed; natural: the same before its rows were padded
    config: how it was quantized
    plans: by node name, for every node but inputs
    formats: by value name (nodes, loops, carried values)
    calibration: what ranges were measured on, in words
    """

    graph: Graph
    natural: Graph
    config: QuantConfig
    plans: FrozenMap[str, Plan]
    formats: FrozenMap[str, Fixed]
    calibration: str

    @property
    def exceptions(self) -> str:
        """What products read with more than 8 bits, to stand behind a name: ``, 15-bit gated``."""
        wide = {
            self.graph.node(name).inputs[0]: plan.source
            for name, plan in self.plans.items()
            if isinstance(plan, LinearPlan) and plan.source.width > BYTE.width
        }
        return "".join(f", {fmt.width}-bit {value}" for value, fmt in wide.items())

    def of(self, node: str, kind: type[P]) -> P:
        """How a node computes; raises ``InternalError`` if it has no plan of that kind."""
        plan = self.plans.get(node)
        if not isinstance(plan, kind):
            raise InternalError(
                f"Node {node} must have a {kind.__name__}, not {type(plan).__name__}"
            )
        return plan
