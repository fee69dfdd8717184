# SPDX-License-Identifier: Apache-2.0
"""Nodes of the integer reference between the products: exact integers in 64-bit floats.

Each class is made once for a node and a layer, with its constants ready, and called with codes.
All numbers are integers of less than 53 bits or such integers divided by a power of two, so no
operation rounds where the hardware does not. Tests hold each of them against its kernel's golden.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import Chunk, Rotary
from ..kernels.norm.layernorm import ROOT_FRACTION, NormSpec
from ..numerics.fixed import Fixed
from ..numerics.functions import function_named
from ..numerics.rotary_tables import ANGLE
from ..numerics.tables import activation
from ..quantization.plan import (
    ActivationPlan,
    AddPlan,
    GatherPlan,
    MultiplyPlan,
    NormPlan,
    PassPlan,
    RotaryPlan,
)
from ..quantization.quantized_model import ActivationParameters, GatherParameters, NormParameters

__all__ = [
    "Added",
    "Curve",
    "Looked",
    "Multiplied",
    "NormReference",
    "Passed",
    "Rotated",
    "greatest",
    "rounded",
]

Reals = NDArray[np.float64]
Codes = NDArray[Any]
"""Integers, as whatever type holds them."""


def rounded(values: Reals, out: Fixed) -> Reals:
    """Real numbers to codes in place: half up as in hardware, then saturated."""
    values += 0.5
    np.floor(values, out=values)
    return saturated(values, out)


def saturated(values: Reals, out: Fixed) -> Reals:
    """Clamps codes in place; two plain calls are quicker than ``clip`` on short rows."""
    np.maximum(values, out.minimum, out=values)
    np.minimum(values, out.maximum, out=values)
    return values


class Looked:
    """Rows of a table."""

    def __init__(self, plan: GatherPlan, parameters: GatherParameters):
        self._table = parameters.table
        self._factor = 2.0 ** (plan.out.frac - plan.stored.frac)

    def __call__(self, tokens: Codes) -> Reals:
        return np.multiply(self._table[tokens], self._factor)


class Added:
    """``saturate(round_shift(a + b))`` of aligned codes."""

    def __init__(self, plan: AddPlan):
        self._out = plan.out
        self._factors = [2.0 ** (plan.out.frac - fmt.frac) for fmt in (plan.a, plan.b)]

    def __call__(self, a: Reals, b: Reals) -> Reals:
        first, second = self._factors
        total = a * first
        total += b * second
        return rounded(total, self._out)


class Passed:
    """A part of the features."""

    def __init__(self, plan: PassPlan, op: Chunk):
        self._op = op
        self._out = None if plan.out == plan.source else plan.out

    def __call__(self, x: Reals) -> Reals:
        width = x.shape[-1] // self._op.parts
        part = x[..., self._op.index * width : (self._op.index + 1) * width]
        return part if self._out is None else saturated(part.copy(), self._out)


class NormReference:
    """Layer norm or RMS norm; sums of squares exceed floats, so that these are integers."""

    def __init__(self, plan: NormPlan, parameters: NormParameters):
        features = len(parameters.gamma) // plan.heads
        self._plan = plan
        self._spec = spec = NormSpec(
            features=features,
            lanes=1,
            tokens=1,
            source=plan.source,
            out=plan.out,
            epsilon=plan.epsilon,
            gamma_frac=plan.gamma_frac,
            beta_frac=plan.beta_frac,
            heads=plan.heads,
            centered=plan.centered,
            counted=plan.counted,
        )
        self._root, self._offset = spec.root, spec.offset
        shape = (plan.heads, features)
        self._gamma = np.ldexp(parameters.gamma.astype(np.float64), -spec.scale_frac).reshape(shape)
        beta = np.zeros(len(parameters.gamma)) if parameters.beta is None else parameters.beta
        self._beta = np.ldexp(beta.astype(np.float64), -plan.beta_frac).reshape(shape)

    def __call__(self, x: Reals) -> Reals:
        spec, features = self._spec, self._spec.features
        rows = x.reshape(-1, features)
        codes = rows.astype(np.int64)
        sums = codes.sum(axis=1).tolist() if spec.centered else [0] * len(codes)
        squares = np.einsum("ij,ij->i", codes, codes).tolist()
        scales = []
        for s1, s2 in zip(sums, squares, strict=True):
            variance = spec.count * s2 - s1 * s1 + self._offset
            top = variance.bit_length() - 1
            kept = (variance << ROOT_FRACTION) >> top
            mantissa = (top & 1) << ROOT_FRACTION | kept & ((1 << ROOT_FRACTION) - 1)
            scales.append((2.0 ** (spec.norm_frac - (top >> 1)), self._inverse(mantissa)))
        shifts, roots = np.array(scales).T[:, :, None]
        norm = rows * spec.count
        norm -= np.array(sums, dtype=np.float64)[:, None]
        norm *= shifts
        np.floor(norm, out=norm)
        norm *= roots * 2.0**-ROOT_FRACTION
        # A cut number stands for the middle of what it may have been: half an LSB more.
        norm += np.floor(roots / 2) * 2.0**-ROOT_FRACTION + 0.5
        np.floor(norm, out=norm)
        result = norm.reshape(-1, *self._gamma.shape) * self._gamma
        result += self._beta
        return rounded(result, self._plan.out).reshape(x.shape)

    def _inverse(self, mantissa: int) -> int:
        """The root's table of one code, without arrays."""
        table = self._root
        offset = mantissa - table.input.minimum
        address, rest = offset >> table.rest, offset & ((1 << table.rest) - 1)
        return (table.entries[address] + table.slopes[address] * rest) >> table.shift


class Rotated:
    """Rotary embedding."""

    def __init__(self, plan: RotaryPlan, op: Rotary):
        self._out, self._pairs, self._heads = plan.out, op.head_dim // 2, op.heads
        self._factor = 2.0 ** (plan.out.frac - plan.source.frac - ANGLE.frac)

    def __call__(self, x: Reals, words: Codes) -> Reals:
        words = words.astype(np.int64)[..., None, :]
        cosine, sine = (
            (((half & 0xFFFF) ^ 0x8000) - 0x8000) * self._factor for half in (words, words >> 16)
        )
        halves = x.reshape(*x.shape[:-1], self._heads, 2, self._pairs)
        first, second = halves[..., 0, :], halves[..., 1, :]
        result = np.empty(halves.shape)
        result[..., 0, :] = first * cosine - second * sine
        result[..., 1, :] = second * cosine + first * sine
        return rounded(result, self._out).reshape(x.shape)


class Multiplied:
    """A product of two values, rounded, times a multiplier of each channel."""

    def __init__(self, plan: MultiplyPlan, parameters: ActivationParameters):
        self._plan = plan
        self._factor = 2.0 ** (plan.middle.frac - plan.a.frac - plan.b.frac)
        self._scale = np.ldexp(parameters.scale.astype(np.float64), -plan.scale_shift)

    def __call__(self, a: Reals, b: Reals) -> Reals:
        product = a * b
        product *= self._factor
        rounded(product, self._plan.middle)
        product *= self._scale
        return rounded(product, self._plan.out)


class Curve:
    """An activation function as the list of its values, times a multiplier of each channel."""

    def __init__(self, plan: ActivationPlan, parameters: ActivationParameters | None):
        self._plan = plan
        self._values = _values(plan.function, plan.source, plan.middle)
        self._scale = None
        if plan.scale is not None:
            assert parameters is not None
            self._scale = np.ldexp(parameters.scale.astype(np.float64), -plan.scale_shift)

    def __call__(self, x: Reals) -> Reals:
        place = x - self._plan.source.minimum
        result = self._values[place.astype(np.int64)]
        return result if self._scale is None else rounded(result * self._scale, self._plan.out)


_KNOWN: dict[tuple[str, Fixed, Fixed], Reals] = {}


def _values(function: str, source: Fixed, middle: Fixed) -> Reals:
    """Of every code of ``source``: made once for all layers."""
    key = (function, source, middle)
    if key not in _KNOWN:
        codes = np.arange(source.minimum, source.maximum + 1)
        table = activation(function_named(function), source=source, out=middle)
        _KNOWN[key] = table.evaluate(codes).astype(np.float64)
    return _KNOWN[key]


def greatest(x: Reals) -> Codes:
    """The index of the greatest feature, the lowest one of equals."""
    return np.asarray(x.argmax(axis=-1))
