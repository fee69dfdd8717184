# SPDX-License-Identifier: Apache-2.0
"""Parameters as integers: made when they are asked for, with the formats that were decided."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..frontend.model import Model, Origin
from ..graph import (
    Angles,
    Chunk,
    Gather,
    LayerNorm,
    Linear,
    Node,
    RmsNorm,
    parameter_name,
)
from ..numerics.fixed import Fixed
from ..numerics.rotary_tables import angle_words
from .calibrate import Key, Statistics
from .formats import FormatRules
from .plan import ActivationPlan, GatherPlan, LinearPlan, MultiplyPlan, NormPlan, Plan
from .quantized_model import (
    ActivationParameters,
    AngleParameters,
    GatherParameters,
    LinearParameters,
    NormParameters,
    Parameters,
)
from .weights import Rounding, quantize_matrix, spreading_factor

__all__ = ["Integers"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_KEPT_BYTES = 1 << 30
"""Of parameters that are kept once they are made; what exceeds it is made again when needed."""


@dataclass(eq=False)
class Integers(Mapping[Key, Parameters]):
    """The integers that each node is fed with, by node and layer.

    Matrices and tables of seeded random weights are made each time that they are asked for, apart
    from the latest: a model of a billion of them compiles without one. ``make_all`` makes and
    keeps everything, and lets go of what only it needs.
    """

    model: Model
    statistics: Statistics | None
    rules: FormatRules
    formats: Mapping[str, Fixed]
    plans: Mapping[str, Plan]
    steps: dict[Key, Reals]
    kept: dict[Key, Parameters] = field(default_factory=dict)
    whole: bool = False

    def __getitem__(self, key: Key) -> Parameters:
        if key in self.kept:
            return self.kept[key]
        name, layer = key
        if self.whole or name not in self.plans or layer not in self.rules.layers(name):
            raise KeyError(key)
        made = self._convert(self.rules.graph.node(name), layer)
        if made is None:
            raise KeyError(key)
        self.kept[key] = made
        while len(self.kept) > 1 and sum(map(_bytes, self.kept.values())) > _KEPT_BYTES:
            oldest = next(
                k for k in self.kept if not isinstance(self.kept[k], ActivationParameters)
            )
            del self.kept[oldest]
        return made

    def __iter__(self) -> Iterator[Key]:
        for node, _ in self.rules.graph.walk():
            for key in self.rules.keys(node.name):
                if key in self.kept or (not self.whole and self._fed(node)):
                    yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def scale(self) -> None:
        """Makes the multipliers of elementwise kernels: what the rounded ones really stand for
        goes into the weights behind them."""
        for node, _ in self.rules.graph.walk():
            plan = self.plans.get(node.name)
            if isinstance(plan, ActivationPlan | MultiplyPlan) and plan.scale is not None:
                for key in self.rules.keys(node.name):
                    ratio = plan.middle.step / self.steps[key]
                    codes = np.maximum(1, Fixed(16, plan.scale_shift, signed=False).encode(ratio))
                    self.steps[key] = plan.middle.step * 2.0**plan.scale_shift / codes
                    self.kept[key] = ActivationParameters(scale=codes.astype(np.uint16))

    def make_all(self) -> None:
        """Makes all parameters and keeps them."""
        for key in list(self):
            if key not in self.kept:
                made = self._convert(self.rules.graph.node(key[0]), key[1])
                if made is not None:
                    self.kept[key] = made
        self.whole = True
        self.statistics = None

    @staticmethod
    def _fed(node: Node) -> bool:
        return isinstance(node.op, Gather | LayerNorm | RmsNorm | Angles | Linear)

    def _weight(self, name: str, layer: int | None) -> Floats:
        return self.model.weights[parameter_name(name, layer)]

    def _convert(self, node: Node, layer: int | None) -> Parameters | None:
        op, plan = node.op, self.plans[node.name]
        if isinstance(op, Gather) and isinstance(plan, GatherPlan):
            codes = _encoded(self._weight(op.table, layer), op.scale, plan.stored)
            return GatherParameters(table=codes)
        if isinstance(op, Angles):
            words = angle_words(
                np.arange(self.rules.graph.context), pairs=op.features // 2, base=op.base(layer)
            )
            return AngleParameters(words=words)
        if isinstance(op, LayerNorm | RmsNorm) and isinstance(plan, NormPlan):
            steps = self.steps.get((node.name, layer), plan.out.step)
            gamma = np.tile(self._weight(op.weight, layer), plan.heads)
            codes = Fixed(16, plan.gamma_frac).encode(gamma / steps).astype(np.int16)
            if isinstance(op, RmsNorm):
                return NormParameters(gamma=codes, beta=None)
            beta = Fixed(16, plan.beta_frac).encode(self._weight(op.bias, layer) / steps)
            return NormParameters(gamma=codes, beta=beta.astype(np.int16))
        if isinstance(op, Linear) and isinstance(plan, LinearPlan):
            return self._linear(node, op, plan, layer)
        return None

    def _linear(self, node: Node, op: Linear, plan: LinearPlan, layer: int | None) -> Parameters:
        assert self.statistics is not None
        steps = self.steps[node.inputs[0], layer].astype(np.float32)
        moments = self.statistics.moments[node.name, layer]
        trained = self.model.origin is Origin.CHECKPOINT
        outer = moments.outer if plan.weight_bits == 4 else None
        rounding = Rounding(
            bits=plan.weight_bits,
            scale_group=plan.scale_group,
            square=moments.square / steps**2,
            mean=moments.mean / steps if trained and op.bias is not None else None,
            spread=None if outer is None else spreading_factor(outer / np.outer(steps, steps)),
            search=trained,
        )
        weight = self._weight(op.weight, layer)
        weight = weight.T if op.transposed else weight
        bias = np.zeros(op.outputs) if op.bias is None else self._weight(op.bias, layer)
        scale = self._output_scale(node, op, layer)
        return quantize_matrix(weight, bias.astype(np.float64), rounding, scale, steps)

    def _output_scale(self, node: Node, op: Linear, layer: int | None) -> Reals:
        """Integers of the value per real unit, for each output."""
        scale = np.full(op.outputs, 1 / self.formats[node.name].step)
        if (node.name, layer) in self.steps:
            return 1 / self.steps[node.name, layer]
        for reader in self.model.graph.readers(node.name):
            if isinstance(reader.op, Chunk):
                width = op.outputs // reader.op.parts
                begin = reader.op.index * width
                scale[begin : begin + width] = 1 / self.steps[reader.name, layer]
        return scale


def _encoded(table: Floats, scale: float, fmt: Fixed) -> NDArray[np.int16]:
    """Codes of a table, some rows at a time: it may be the largest tensor of a model."""
    codes = np.empty(table.shape, dtype=np.int16)
    for begin in range(0, len(table), 4096):
        part = slice(begin, begin + 4096)
        codes[part] = fmt.encode(table[part] * scale)
    return codes


def _bytes(parameters: Parameters) -> int:
    if isinstance(parameters, LinearParameters):
        return parameters.weight.nbytes
    return parameters.table.nbytes if isinstance(parameters, GatherParameters) else 0
