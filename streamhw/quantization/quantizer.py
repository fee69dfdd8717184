# SPDX-License-Identifier: Apache-2.0
"""From a float model to integers: measures ranges, decides formats, converts every parameter."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import BuildError
from ..frontend.model import Model, Origin
from ..frontend.weights import RandomWeights
from ..frozen_map import FrozenMap
from ..graph import (
    Activation,
    Add,
    Angles,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Multiply,
    Node,
    RmsNorm,
    Rotary,
    parameter_name,
)
from ..numerics.fixed import Fixed
from .calibrate import Key, Statistics, calibrate, calibrate_shape, calibration_tokens
from .config import PROBABILITIES, SCORES, QuantConfig
from .formats import FormatRules, byte_steps, expand_heads, fraction
from .parameters import Integers
from .plan import (
    ActivationPlan,
    AddPlan,
    AnglePlan,
    ArgMaxPlan,
    AttentionPlan,
    GatherPlan,
    LinearPlan,
    MultiplyPlan,
    NormPlan,
    PassPlan,
    Plan,
    QuantizationPlan,
    RotaryPlan,
)
from .quantized_model import QuantizedModel

__all__ = ["quantize"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_SCALE = Fixed(16, signed=False)
"""Per-channel multipliers after an activation function."""
_PRODUCT_WIDTH = 20
"""Bits of a gate's product before its multiplier: one input of a DSP block."""
_BETA_FRACTION = 7
_BYTE_BITS = 8
_LARGEST_AFFINE = 1024.0
"""Greatest gamma or beta in output LSB: beyond it int8 saturates anyway."""


def quantize(model: Model, config: QuantConfig | None = None) -> QuantizedModel:
    """Quantizes ``model``: ranges from its calibration text, or from random tokens without one.

    Raises ``BuildError`` if the group does not divide a matrix's columns, or the graph uses a
    value in a way that the integer semantics does not have.
    """
    chosen = config or QuantConfig()
    tokens, source = calibration_tokens(model, chosen)
    if isinstance(model.weights, RandomWeights):
        statistics = calibrate_shape(model.graph, model.weights, tokens, source=source)
    else:
        trained = model.origin is Origin.CHECKPOINT
        outer = trained and chosen.compensate and chosen.weight_bits == 4
        statistics = calibrate(model.graph, model.weights, tokens, outer=outer, source=source)
    return _Quantizer(model, chosen, statistics).run()


@dataclass
class _Quantizer:
    model: Model
    config: QuantConfig
    statistics: Statistics
    formats: dict[str, Fixed] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    steps: dict[Key, Reals] = field(default_factory=dict)

    def run(self) -> QuantizedModel:
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
        parameters = Integers(
            model=self.model,
            statistics=self.statistics,
            rules=self.rules,
            formats=self.formats,
            plans=self.plans,
            steps=self.steps,
        )
        parameters.scale()
        if not isinstance(self.model.weights, RandomWeights):
            parameters.make_all()
        plan = QuantizationPlan(
            graph=graph,
            config=self.config,
            plans=FrozenMap(self.plans),
            formats=FrozenMap(self.formats),
            calibration=self.statistics.source,
        )
        return QuantizedModel(plan=plan, _parameters=parameters, _scales=self.steps)

    def _weight(self, name: str, layer: int | None) -> Floats:
        return self.model.weights[parameter_name(name, layer)]

    def _bits(self, node: Node) -> int:
        head = any(isinstance(r.op, ArgMax) for r in self.model.graph.readers(node.name))
        return self.config.bits(head=head)

    # ---- scales of the values whose features have one each

    def _channel_steps(self, node: Node) -> None:
        op = node.op
        turn, role = self.rules.turn(node.name), self.rules.role(node.name)
        for layer in self.rules.layers(node.name):
            key = node.name, layer
            if turn is not None:
                turned = self._attended_steps(turn, layer)
                finer = self.formats[node.name].frac - self.formats[turn.name].frac
                self.steps[key] = turned * 2.0**-finer
            elif role is not None:
                self.steps[key] = self._attended_steps(node, layer)
            elif isinstance(op, LayerNorm | RmsNorm):
                if self.formats[node.name].width == _BYTE_BITS:
                    least = self._affine_peaks(op, layer) / _LARGEST_AFFINE
                    self.steps[key] = np.maximum(self._smooth(node, layer), least)
            elif isinstance(op, Activation | Multiply):
                if self.formats[node.name].width == _BYTE_BITS:
                    self.steps[key] = self._smooth(node, layer)
            elif isinstance(op, Attention):
                values = self.statistics.largest[node.inputs[2], layer]
                self.steps[key] = expand_heads(op, byte_steps(values))

    def _attended_steps(self, node: Node, layer: int | None) -> Reals:
        """Steps of what attention reads as queries, keys or values."""
        role = self.rules.role(node.name)
        assert role is not None
        attention, part = role
        if part == "query":
            scale = self.rules.query_scale(attention, layer)
            return np.asarray(self.formats[node.name].step / scale)
        if part == "key":
            return self.rules.key_steps(attention, layer)
        return byte_steps(self.statistics.largest[node.name, layer])

    def _affine_peaks(self, op: LayerNorm | RmsNorm, layer: int | None) -> Reals:
        gamma = np.abs(self._weight(op.weight, layer)).astype(np.float64)
        if isinstance(op, RmsNorm):
            return np.tile(gamma, op.heads)
        return np.maximum(gamma, np.abs(self._weight(op.bias, layer)))

    def _smooth(self, node: Node, layer: int | None) -> Reals:
        """Steps that split the channels' ranges between the value and the weights that read it."""
        readers = [r for r in self.model.graph.readers(node.name) if isinstance(r.op, Linear)]
        steps = byte_steps(self.statistics.largest[node.name, layer])
        alpha = min((self.config.smoothing_of(self._bits(r)) for r in readers), default=1.0)
        if alpha == 1.0 or not readers or isinstance(self.model.weights, RandomWeights):
            return steps  # columns of random matrices are all alike
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
            return GatherPlan(out=out, table=self.rules.table(node))
        if isinstance(op, Add):
            return AddPlan(a=sources[0], b=sources[1], out=out)
        if isinstance(op, LayerNorm):
            return NormPlan(
                source=sources[0],
                out=out,
                epsilon=op.epsilon,
                gamma_frac=self._affine_fraction(node, weights=True, finest=15),
                beta_frac=self._affine_fraction(node, weights=False, finest=_BETA_FRACTION),
            )
        if isinstance(op, RmsNorm):
            return NormPlan(
                source=sources[0],
                out=out,
                epsilon=op.epsilon,
                gamma_frac=self._affine_fraction(node, weights=True, finest=15),
                beta_frac=0,
                heads=op.heads,
                centered=False,
            )
        if isinstance(op, Angles):
            return AnglePlan(out=out)
        if isinstance(op, Rotary):
            return RotaryPlan(source=sources[0], out=out)
        if isinstance(op, Linear):
            bits = self._bits(node)
            group = self.config.group_of(bits)
            if group is not None and op.inputs % group:
                raise BuildError(
                    f"Node {node.name}: scale group must divide the {op.inputs} input columns, "
                    f"not {group}",
                    hint="--quant w8a8 has no groups of columns",
                )
            return LinearPlan(weight_bits=bits, scale_group=group, source=sources[0], out=out)
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
        if isinstance(op, Activation) and out == sources[0]:
            return ActivationPlan(
                function=op.function,
                source=sources[0],
                middle=out,
                scale=None,
                scale_shift=0,
                out=out,
            )
        if isinstance(op, Activation):
            return ActivationPlan(
                function=op.function,
                source=sources[0],
                middle=sources[0],
                scale=_SCALE,
                scale_shift=self._scale_shift(node, sources[0]),
                out=out,
            )
        if isinstance(op, Multiply):
            exact = sources[0].frac + sources[1].frac
            finest = fraction(_PRODUCT_WIDTH, self.rules.largest(node.name), 1)
            middle = Fixed(_PRODUCT_WIDTH, min(exact, finest))
            return MultiplyPlan(
                a=sources[0],
                b=sources[1],
                middle=middle,
                scale=_SCALE,
                scale_shift=self._scale_shift(node, middle),
                out=out,
            )
        assert isinstance(op, ArgMax)
        return ArgMaxPlan(source=sources[0], out=out)

    def _scale_shift(self, node: Node, middle: Fixed) -> int:
        """Fraction bits of the multipliers from ``middle`` to the node's own steps."""
        finest = min(float(self.steps[key].min()) for key in self.rules.keys(node.name))
        return fraction(17, middle.step / finest * (1 + 2.0**-17), 0)

    def _affine_fraction(self, norm: Node, *, weights: bool, finest: int) -> int:
        """Fraction bits of gamma or beta: one number for all norms of one width of results."""
        width, largest = self.formats[norm.name].width, 0.0
        for node, _ in self.model.graph.walk():
            op = node.op
            if not isinstance(op, LayerNorm | RmsNorm) or self.formats[node.name].width != width:
                continue
            for layer in self.rules.layers(node.name):
                if isinstance(op, RmsNorm):
                    values = np.tile(self._weight(op.weight, layer), op.heads)
                else:
                    values = self._weight(op.weight if weights else op.bias, layer)
                steps = self.steps.get((node.name, layer), self.formats[node.name].step)
                largest = max(largest, float((np.abs(values) / steps).max()))
        return max(0, min(finest, fraction(16, largest * (1 + 2.0**-12), 0)))
