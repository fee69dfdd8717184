# SPDX-License-Identifier: Apache-2.0
"""From a float model to integers: measures ranges, decides formats, converts every parameter."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import BuildError
from ..frontend.model import Model, Origin
from ..graph import (
    Activation,
    Add,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Node,
    parameter_name,
)
from .calibrate import Key, Statistics, calibrate, calibration_tokens
from .config import PROBABILITIES, SCORES, QuantConfig
from .fixed import Fixed
from .matrix import Rounding, quantise_matrix, spreading_factor
from .quantised import (
    ActivationParameters,
    ActivationPlan,
    AddPlan,
    ArgMaxPlan,
    AttentionPlan,
    GatherParameters,
    GatherPlan,
    LinearPlan,
    NormParameters,
    NormPlan,
    Parameters,
    PassPlan,
    Plan,
    QuantisedModel,
)
from .ranges import FormatRules, byte_steps, expand_heads, fraction

__all__ = ["quantise"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_SCALE = Fixed(16, signed=False)
"""Per-channel multipliers after an activation function."""
_BETA_FRACTION = 7
_LARGEST_AFFINE = 1024.0
"""Greatest gamma or beta in output LSB: beyond it int8 saturates anyway."""


def quantise(model: Model, config: QuantConfig | None = None) -> QuantisedModel:
    """Quantises ``model``: ranges from its calibration text, or from random tokens without one.

    Raises ``BuildError`` if the group does not divide a matrix's columns, or the graph uses a
    value in a way that the integer semantics does not have.
    """
    chosen = config or QuantConfig()
    trained = model.origin is Origin.CHECKPOINT
    tokens, source = calibration_tokens(model, chosen)
    outer = trained and chosen.compensate and chosen.weight_bits == 4
    statistics = calibrate(model.graph, model.weights, tokens, outer=outer, source=source)
    return _Quantiser(model, chosen, statistics).run()


@dataclass
class _Quantiser:
    model: Model
    config: QuantConfig
    statistics: Statistics
    formats: dict[str, Fixed] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    steps: dict[Key, Reals] = field(default_factory=dict)
    parameters: dict[Key, Parameters] = field(default_factory=dict)

    def run(self) -> QuantisedModel:
        graph = self.model.graph
        self.rules = FormatRules(graph=graph, statistics=self.statistics)
        for node, _ in graph.walk():
            self.formats[node.name] = self.rules.of(node)
        for loop in graph.loops:
            self.formats[loop.carried] = self.formats[loop.name] = self.rules.residual
        for node, _ in graph.walk():
            self._channel_steps(node)
        for node, _ in graph.walk():
            if not isinstance(node.op, Input):
                self.plans[node.name] = self._plan(node)
        for node, _ in graph.walk():
            for key in self.rules.keys(node.name):
                found = self._convert(node, key[1])
                if found is not None:
                    self.parameters[key] = found
        return QuantisedModel(
            graph=graph,
            config=self.config,
            plans=self.plans,
            formats=self.formats,
            calibration=self.statistics.source,
            _parameters=self.parameters,
            _steps=self.steps,
        )

    def _weight(self, name: str, layer: int | None) -> Floats:
        return self.model.weights[parameter_name(name, layer)]

    def _bits(self, node: Node) -> int:
        head = any(isinstance(r.op, ArgMax) for r in self.model.graph.readers(node.name))
        return self.config.bits(head=head)

    # ---- scales of the values whose features have one each

    def _channel_steps(self, node: Node) -> None:
        op = node.op
        for layer in self.rules.layers(node.name):
            key = node.name, layer
            role = self.rules.role(node.name)
            if isinstance(op, LayerNorm):
                gamma = np.abs(self._weight(op.weight, layer)).astype(np.float64)
                beta = np.abs(self._weight(op.bias, layer))
                least = np.maximum(gamma, beta) / _LARGEST_AFFINE
                self.steps[key] = np.maximum(self._smooth(node, layer), least)
            elif isinstance(op, Activation):
                self.steps[key] = self._smooth(node, layer)
            elif isinstance(op, Attention):
                values = self.statistics.largest[node.inputs[2], layer]
                self.steps[key] = expand_heads(op, byte_steps(values))
            elif role is not None and role[1] == "query":
                scale = self.rules.query_scale(role[0], layer)
                self.steps[key] = self.formats[node.name].step / scale
            elif role is not None:
                self.steps[key] = byte_steps(self.statistics.largest[key])

    def _smooth(self, node: Node, layer: int | None) -> Reals:
        """Steps that split the channels' ranges between the value and the weights that read it."""
        readers = [r for r in self.model.graph.readers(node.name) if isinstance(r.op, Linear)]
        steps = byte_steps(self.statistics.largest[node.name, layer])
        alpha = min((self.config.smoothing_of(self._bits(r)) for r in readers), default=1.0)
        if alpha == 1.0 or not readers:
            return steps
        weight = np.max([self._column_peaks(r, layer) for r in readers], axis=0)
        weight = np.maximum(weight, max(float(weight.max()) * 2.0**-10, 1e-9))
        shape = steps**alpha / weight ** (1 - alpha)
        return np.asarray(shape * (steps / shape).max())

    def _column_peaks(self, node: Node, layer: int | None) -> Reals:
        peaks = np.abs(self._matrix(node, layer)).max(axis=0)
        return np.asarray(peaks, dtype=np.float64)

    def _matrix(self, node: Node, layer: int | None) -> Floats:
        op = node.op
        assert isinstance(op, Linear)
        weight = self._weight(op.weight, layer)
        return weight.T if op.transposed else weight

    # ---- what is the same in all layers

    def _plan(self, node: Node) -> Plan:
        op, out = node.op, self.formats[node.name]
        sources = [self.formats[name] for name in node.inputs]
        if isinstance(op, Gather):
            return GatherPlan(out=out)
        if isinstance(op, Add):
            return AddPlan(a=sources[0], b=sources[1], out=out)
        if isinstance(op, LayerNorm):
            return NormPlan(
                source=sources[0],
                out=out,
                epsilon=op.epsilon,
                gamma_frac=self._affine_fraction(weights=True, finest=15),
                beta_frac=self._affine_fraction(weights=False, finest=_BETA_FRACTION),
            )
        if isinstance(op, Linear):
            bits = self._bits(node)
            group = self.config.group_of(bits)
            if group is not None and op.inputs % group:
                raise BuildError(
                    f"Node {node.name}: group must divide the {op.inputs} input columns, "
                    f"not {group}",
                    hint="--quant w8a8 has no groups of columns",
                )
            return LinearPlan(weight_bits=bits, group=group, source=sources[0], out=out)
        if isinstance(op, Chunk | LastToken):
            return PassPlan(source=sources[0], out=out)
        if isinstance(op, Attention):
            return AttentionPlan(
                query=sources[0],
                key=sources[1],
                value=sources[2],
                scores=SCORES,
                probabilities=PROBABILITIES,
                out=out,
                score_shift=sources[0].frac - SCORES.frac,
                value_shift=PROBABILITIES.frac,
            )
        if isinstance(op, Activation):
            finest = min(float(self.steps[key].min()) for key in self.rules.keys(node.name))
            widest_ratio = sources[0].step / finest
            return ActivationPlan(
                function=op.function,
                source=sources[0],
                middle=sources[0],
                scale=_SCALE,
                scale_shift=fraction(17, widest_ratio * (1 + 2.0**-17), 0),
                out=out,
            )
        assert isinstance(op, ArgMax)
        return ArgMaxPlan(source=sources[0], out=out)

    def _affine_fraction(self, *, weights: bool, finest: int) -> int:
        """Fraction bits of gamma or beta, one number for all norms so that they can share."""
        largest = 0.0
        for node, _ in self.model.graph.walk():
            if isinstance(node.op, LayerNorm):
                for layer in self.rules.layers(node.name):
                    name = node.op.weight if weights else node.op.bias
                    scaled = np.abs(self._weight(name, layer)) / self.steps[node.name, layer]
                    largest = max(largest, float(scaled.max()))
        return min(finest, fraction(16, largest * (1 + 2.0**-12), 0))

    # ---- what differs from layer to layer

    def _convert(self, node: Node, layer: int | None) -> Parameters | None:
        op, plan = node.op, self.plans.get(node.name)
        if isinstance(op, Gather):
            codes = self.formats[node.name].encode(self._weight(op.table, layer))
            return GatherParameters(table=codes.astype(np.int16))
        if isinstance(op, LayerNorm) and isinstance(plan, NormPlan):
            steps = self.steps[node.name, layer]
            gamma = Fixed(16, plan.gamma_frac).encode(self._weight(op.weight, layer) / steps)
            beta = Fixed(16, plan.beta_frac).encode(self._weight(op.bias, layer) / steps)
            return NormParameters(gamma=gamma.astype(np.int16), beta=beta.astype(np.int16))
        if isinstance(op, Activation) and isinstance(plan, ActivationPlan):
            ratio = plan.middle.step / self.steps[node.name, layer]
            codes = np.maximum(1, Fixed(16, plan.scale_shift, signed=False).encode(ratio))
            # What the rounded multiplier really stands for goes into the next weights.
            self.steps[node.name, layer] = plan.middle.step * 2.0**plan.scale_shift / codes
            return ActivationParameters(scale=codes.astype(np.uint16))
        if isinstance(op, Linear) and isinstance(plan, LinearPlan):
            return self._linear(node, op, plan, layer)
        return None

    def _linear(self, node: Node, op: Linear, plan: LinearPlan, layer: int | None) -> Parameters:
        steps = self.steps[node.inputs[0], layer].astype(np.float32)
        moments = self.statistics.moments[node.name, layer]
        trained = self.model.origin is Origin.CHECKPOINT
        outer = moments.outer if plan.weight_bits == 4 else None
        rounding = Rounding(
            bits=plan.weight_bits,
            group=plan.group,
            square=moments.square / steps**2,
            mean=moments.mean / steps if trained and op.bias is not None else None,
            spread=None if outer is None else spreading_factor(outer / np.outer(steps, steps)),
        )
        weight = self._matrix(node, layer) * steps
        bias = np.zeros(op.outputs) if op.bias is None else self._weight(op.bias, layer)
        return quantise_matrix(
            weight, bias.astype(np.float64), rounding, self._output_scale(node, op, layer)
        )

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
