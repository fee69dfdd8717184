# SPDX-License-Identifier: Apache-2.0
"""Normalization of rows, and of the heads in them."""

import numpy as np
from numpy.typing import NDArray

from ...graph import Floats, LayerNorm, Node, RmsNorm
from ...kernels.norm import layernorm
from ...numerics.fixed import Fixed
from ...quantization.config import RESIDUAL_WIDTH
from ...quantization.formats import (
    BYTE,
    DIGITS,
    RESIDUAL_MARGIN,
    byte_scales,
    fraction,
    hidden_format,
)
from ...quantization.kept_codes import even_smooth_scales, evened, shares_scales
from ...quantization.plan import NormPlan
from ...quantization.quantized_model import NormParameters, Parameters
from ...quantization.rules import Quantization, QuantizationRule
from ...reference.nodes import NormReference
from ...reference.rules import IntegerFunction, Preparation, pure
from ...stream.itensor.itensor import row_major
from ..lowering.builder import Lowering
from ..memory.rules import MemoryContext, MemoryRule
from ..memory.segments import Segments
from .layer import Layer
from .two_digits import COARSE, COARSE_NORM, FINER, logits_format, operand_format

__all__ = ["LAYER_NORM", "RMS_NORM", "norm_format", "norm_scales", "norm_wants"]

Reals = NDArray[np.float64]

_BETA_FRACTION = 7
_LARGEST_AFFINE = 1024.0
"""Greatest gamma or beta in output LSB: beyond it int8 saturates anyway."""
_LARGEST_OF_DIGITS = 2.0**15 - 1
"""The same of two digits: what 16 bits hold. Where one feature fills the rows of a layer (Gemma),
all others would want more."""
_WHOLE = 16
"""Gammas in LSB of two digits from which scales make them whole numbers: changed by 3 % at most."""


def norm_format(state: Quantization, node: Node) -> Fixed:
    """What a reader wants, a layer norm in at most 16 bits; for matrix products int8, or two digits
    where int8 loses too much, as where stored codes leave many features one scale, or where logits
    gain by it."""
    wanted = state.wanted(node.name) or BYTE
    if wanted.width > 16:
        # Results of late layers may be thousands of times as large as those of the first ones.
        rms = isinstance(node.op, RmsNorm) and wanted.width <= layernorm.MOST_WIDTH
        return wanted if rms else hidden_format(state.largest(node.name))
    if wanted != BYTE:
        return wanted
    if shares_scales(state, node):
        return operand_format(state, node, lambda layer: _shared_steps(state, node, layer), COARSE)
    if state.graph.loop_of(node.name) is None:
        return logits_format(state, node, _own_steps(state, node, None))
    return operand_format(
        state, node, lambda layer: even_smooth_scales(state, node, layer), COARSE_NORM
    )


def _shared_steps(state: Quantization, node: Node, layer: int | None) -> Reals:
    """Scales of int8 that hold all features which share them."""
    return evened(state, node, layer, byte_scales(state.statistics.largest[node.name, layer]))


def _own_steps(state: Quantization, node: Node, layer: int | None) -> Reals:
    """Scales of int8 that hold each feature."""
    return byte_scales(state.ranges(node.name, layer))


def norm_wants(state: Quantization, node: Node, name: str) -> Fixed:
    """A norm takes what is as fine as the residual stream."""
    width = min(RESIDUAL_WIDTH, _most_width(node))
    return Fixed(width, fraction(width, state.largest(name), RESIDUAL_MARGIN))


def norm_scales(state: Quantization, node: Node, peaks: Reals, layer: int | None) -> Reals | None:
    """Scales of int8 or of two digits; ``peaks``: of the parameters of each feature, which they
    keep in range."""
    if state.format(node.name) == DIGITS:
        if shares_scales(state, node):
            steps = _shared_steps(state, node, layer) / FINER
        else:
            own = _own_steps(state, node, layer) / FINER
            steps = even_smooth_scales(state, node, layer, own, fine=True)
        return evened(state, node, layer, np.maximum(steps, peaks / _LARGEST_OF_DIGITS))
    if state.format(node.name).width != BYTE.width:
        return None
    scales = np.maximum(even_smooth_scales(state, node, layer), peaks / _LARGEST_AFFINE)
    return evened(state, node, layer, scales)


def _scales(state: Quantization, node: Node, layer: int | None) -> Reals | None:
    gamma, beta = (np.abs(a).astype(np.float64) for a in _affine(state, node, layer))
    scales = norm_scales(state, node, np.maximum(gamma, beta), layer)
    own = state.format(node.name) == DIGITS and not shares_scales(state, node)
    return _exact_scales(scales, gamma) if own and scales is not None else scales


def _exact_scales(scales: Reals, gamma: Reals) -> Reals:
    """Scales that gammas are whole multiples of: matrices take up what rounding gamma would lose.
    Those of features that fill the rows are small, and have no bits after the point."""
    whole = np.rint(gamma / scales)
    return np.where(whole >= _WHOLE, gamma / np.maximum(whole, 1), scales)


def _affine(state: Quantization, node: Node, layer: int | None) -> tuple[Floats, Floats]:
    """Gamma and beta of each feature."""
    op = node.op
    if isinstance(op, RmsNorm):
        gamma = np.tile(state.weight(op.weight, layer), op.heads)
        return np.asarray(gamma), np.zeros_like(gamma)
    assert isinstance(op, LayerNorm)
    return state.weight(op.weight, layer), state.weight(op.bias, layer)


def _plan(state: Quantization, node: Node) -> NormPlan:
    op = node.op
    assert isinstance(op, LayerNorm | RmsNorm)
    centered = isinstance(op, LayerNorm)
    return NormPlan(
        source=state.format(node.inputs[0]),
        out=state.format(node.name),
        epsilon=op.epsilon,
        gamma_frac=_fraction(state, node, which=0, finest=15),
        beta_frac=_fraction(state, node, which=1, finest=_BETA_FRACTION) if centered else 0,
        heads=1 if isinstance(op, LayerNorm) else op.heads,
        centered=centered,
        counted=op.count,
    )


def _fraction(state: Quantization, norm: Node, *, which: int, finest: int) -> int:
    """Fraction bits of gamma (0) or beta (1): one number for all norms of one format of results."""
    fmt, largest = state.format(norm.name), 0.0
    for node, _ in state.graph.walk():
        alike = isinstance(node.op, LayerNorm | RmsNorm)
        if not alike or state.format(node.name) != fmt:
            continue
        for layer in state.layers(node.name):
            # RMS norms have no beta: their gammas stand for it.
            values = _affine(state, node, layer)[0 if isinstance(node.op, RmsNorm) else which]
            scales = state.scales_of(node.name, layer)
            largest = max(largest, float((np.abs(values) / scales).max()))
    bits = layernorm.gamma_width(fmt)
    return max(0, min(finest + bits - 16, fraction(bits, largest * (1 + 2.0**-12), 0)))


def _most_width(node: Node) -> int:
    op = node.op
    assert isinstance(op, LayerNorm | RmsNorm)
    return layernorm.most_source_width(op.features, centered=isinstance(op, LayerNorm))


def _parameters(state: Quantization, node: Node, layer: int | None) -> Parameters:
    plan = state.plans[node.name]
    assert isinstance(plan, NormPlan)
    scales = state.scales_of(node.name, layer)
    gamma, beta = _affine(state, node, layer)
    bits = layernorm.gamma_width(plan.out)
    exact = Fixed(bits, plan.gamma_frac).encode(gamma / scales)
    codes = exact.astype(np.int16) if bits == 16 else exact.astype(np.int32)
    if not plan.centered:
        return NormParameters(gamma=codes, beta=None)
    moved = Fixed(16, plan.beta_frac).encode(beta / scales)
    return NormParameters(gamma=codes, beta=moved.astype(np.int16))


def _reference(state: Preparation, node: Node, layer: int | None) -> IntegerFunction:
    quantized = state.quantized
    plan = quantized.plan.of(node.name, NormPlan)
    return pure(NormReference(plan, quantized.fed(node.name, layer, NormParameters)))


def _segments(state: MemoryContext, node: Node) -> Segments:
    plan = state.quantization.of(node.name, NormPlan)
    narrow = not plan.centered and layernorm.gamma_width(plan.out) == 16
    return state.streamed(node, "i_affine", bits=16 if narrow else 32)


def _pack(
    state: MemoryContext, node: Node, segments: Segments, values: Parameters
) -> NDArray[np.uint8]:
    assert isinstance(values, NormParameters)
    if values.beta is None:
        return values.gamma.astype(values.gamma.dtype.newbyteorder("<")).view(np.uint8)
    words = np.stack([values.gamma.astype("<i2"), values.beta.astype("<i2")], axis=1)
    return np.ascontiguousarray(words).view(np.uint8).reshape(-1)


def _lower(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.of(node.name, NormPlan)
    assert isinstance(op, LayerNorm | RmsNorm)
    lanes = state.tiling.lanes_of(node.name)
    part = layernorm.NormSpec(
        features=op.features,
        lanes=lanes,
        tokens=state.tokens,
        source=plan.source,
        out=plan.out,
        epsilon=plan.epsilon,
        gamma_frac=plan.gamma_frac,
        beta_frac=plan.beta_frac,
        heads=plan.heads,
        centered=plan.centered,
        counted=op.counted,
    )
    instance = state.place(node.name, part)
    state.feed(node.inputs[0], instance, "i")
    affine = instance.port("i_affine").type.fmt
    stored = row_major(affine, (1, plan.heads * op.features), lanes)
    state.parameters(instance, "i_affine", stored)
    state.produce(node.name, instance)


LAYER_NORM, RMS_NORM = (
    Layer(
        op=op,
        quantization=QuantizationRule(
            format=norm_format,
            plan=_plan,
            wants=norm_wants,
            scales=_scales,
            parameters=_parameters,
            most_width=_most_width,
        ),
        reference=_reference,
        memory=MemoryRule(segments=_segments, pack=_pack),
        lowering=_lower,
    )
    for op in (LayerNorm, RmsNorm)
)
