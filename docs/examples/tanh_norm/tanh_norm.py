# SPDX-License-Identifier: Apache-2.0
"""A norm without statistics (Zhu et al. 2025) as a layer kind."""

from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray
from tanh_norm_kernel import TanhNormSpec

from streamhw.compiler.layers.layer import Layer
from streamhw.compiler.layers.norm import norm_format, norm_scales, norm_wants
from streamhw.compiler.lowering.builder import Lowering
from streamhw.compiler.memory.rules import MemoryContext, MemoryRule
from streamhw.compiler.memory.segments import Segments
from streamhw.graph import Array, Lookup, Node, Op, Parameter, Shape
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.formats import fraction
from streamhw.quantization.plan import Plan
from streamhw.quantization.quantized_model import NormParameters, Parameters
from streamhw.quantization.rules import Quantization, QuantizationRule
from streamhw.reference.rules import IntegerFunction, Preparation, pure
from streamhw.stream.itensor.itensor import row_major


@dataclass(frozen=True, kw_only=True)
class TanhNorm(Op):
    """``tanh(alpha * x) * weight``."""

    alpha: float
    weight: str
    features: int

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (Parameter(self.weight, (self.features,)),)

    @property
    def row_sizes(self) -> tuple[int, ...]:
        return (self.features,)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def evaluate(self, inputs: tuple[Array, ...], parameters: Lookup, layer: int | None) -> Array:
        return np.asarray(np.tanh(np.float32(self.alpha) * inputs[0]) * parameters(self.weight))


@dataclass(frozen=True, kw_only=True)
class TanhNormPlan(Plan):
    source: Fixed
    code: Fixed
    alpha: float
    gamma_frac: int


def gamma(state: Quantization, node: Node, layer: int | None) -> NDArray[np.float64]:
    return state.weight(node.op.weight, layer).astype(np.float64)


def plan(state: Quantization, node: Node) -> TanhNormPlan:
    source, alpha = state.format(node.inputs[0]), node.op.alpha
    largest = max(
        float((np.abs(gamma(state, *key)) / state.scales_of(node.name, key[1])).max())
        for key in ((node, layer) for layer in state.layers(node.name))
    )
    return TanhNormPlan(
        source=source,
        out=state.format(node.name),
        code=Fixed(12, min(source.frac, 11 - round(log2(4 / alpha)))),  # tanh(4) is nearly 1
        alpha=alpha,
        gamma_frac=max(0, min(15, fraction(16, largest * (1 + 2.0**-12), 0))),
    )


def scales(state: Quantization, node: Node, layer: int | None) -> NDArray[np.float64] | None:
    return norm_scales(state, node, np.abs(gamma(state, node, layer)), layer)


def parameters(state: Quantization, node: Node, layer: int | None) -> Parameters:
    real = gamma(state, node, layer) / state.scales_of(node.name, layer)
    codes = Fixed(16, state.plans[node.name].gamma_frac).encode(real)
    return NormParameters(gamma=codes.astype(np.int16), beta=None)


def kernel(node: Node, plan: TanhNormPlan, **sizes: object) -> TanhNormSpec:
    return TanhNormSpec(features=node.op.features, **{**vars(plan), **sizes})


def reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    spec = kernel(node, state.quantized.plan.of(node.name, TanhNormPlan), lanes=1, tokens=1)
    codes = state.quantized.fed(node.name, layer, NormParameters).gamma.astype(np.int64)
    return pure(lambda x: spec.golden(x.astype(np.int64), codes).astype(np.float64))


def pack(state: MemoryContext, node: Node, segments: Segments, values: Parameters) -> Array:
    return values.gamma.astype("<i2").view(np.uint8)


def lower(state: Lowering, node: Node) -> None:
    lanes = state.tiling.lanes_of(node.name)
    known = state.quantization.of(node.name, TanhNormPlan)
    instance = state.place(node.name, kernel(node, known, lanes=lanes, tokens=state.tokens))
    state.feed(node.inputs[0], instance, "i")
    state.parameters(instance, "i_gamma", row_major(Fixed(16), (1, node.op.features), lanes))
    state.produce(node.name, instance)


LAYER = Layer(
    op=TanhNorm,
    quantization=QuantizationRule(
        format=norm_format, wants=norm_wants, scales=scales, plan=plan, parameters=parameters
    ),
    reference=reference,
    memory=MemoryRule(segments=lambda s, node: s.streamed(node, "i_gamma", bits=16), pack=pack),
    lowering=lower,
)
