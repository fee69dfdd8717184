# SPDX-License-Identifier: Apache-2.0
"""Fake quantization: the float reference with rounded weights and activations, else exact."""

import numpy as np
from numpy.typing import NDArray

from ..frontend.model import Model
from ..graph import Array, Floats, Node
from ..graph.executor import Compute, execute
from ..graph.float_reference import float_compute
from ..numerics.fixed import Fixed
from .cached_rows import cached_codes
from .formats import BYTE, DIGITS
from .plan import AttentionPlan
from .quantized_model import CacheParameters, LinearParameters, QuantizedModel
from .weights import dequantize

__all__ = ["fake_compute", "fake_forward"]


def fake_forward(
    model: Model, quantized: QuantizedModel, tokens: NDArray[np.int64], *, all_rows: bool = False
) -> dict[str, Array]:
    """Values by name in floats with the errors of quantization, and none of the implementation.

    Matrices and biases are what their integers stand for, and what products read is rounded to
    its steps and clipped, or coded as the cache keeps it; everything else (tables, norms, scores,
    softmax, functions, sums) is exact.
    """
    return execute(model.graph, tokens, fake_compute(model, quantized), all_rows=all_rows)


def fake_compute(model: Model, quantized: QuantizedModel) -> Compute:
    """The arithmetic of ``fake_forward``."""
    exact = float_compute(model.weights)

    def product(node: Node, layer: int | None, value: Array, matrix: LinearParameters) -> Array:
        source = _steps(quantized, node.inputs[0], layer)
        bias = (matrix.bias * matrix.row_step).astype(np.float32)
        return np.asarray((value / source) @ dequantize(matrix).T + bias)

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        parameters = quantized.parameters(node.name, layer)
        plan = quantized.plans.get(node.name)
        if isinstance(plan, AttentionPlan) and plan.codec is not None:
            inputs = _cached(quantized, plan, node, layer, inputs)
        if isinstance(parameters, LinearParameters):
            value = product(node, layer, inputs[0], parameters)
        else:
            value = exact(node, layer, inputs)
        fmt = quantized.formats[node.name]
        if value.dtype != np.float32 or not _is_rounded(fmt):
            return value
        steps = _steps(quantized, node.name, layer)
        codes = np.floor(value / steps + np.float32(0.5))
        return np.clip(codes, fmt.minimum, fmt.maximum) * steps

    return compute


def _cached(
    quantized: QuantizedModel,
    plan: AttentionPlan,
    node: Node,
    layer: int | None,
    inputs: tuple[Array, ...],
) -> tuple[Array, ...]:
    """Queries, keys and values of an attention as they come back from a cache of 4 bits."""
    queries, *cached = inputs
    offsets = quantized.fed(node.name, layer, CacheParameters)
    found = []
    for name, value in zip(node.inputs[1:], cached, strict=True):
        steps = _steps(quantized, name, layer)
        codes = quantized.formats[name].encode(value / steps)
        role = offsets if plan.centered and name == node.inputs[1] else None
        found.append((cached_codes(plan, codes, role, begins=True) * steps).astype(np.float32))
    return (queries, *found)


def _steps(quantized: QuantizedModel, value: str, layer: int | None) -> Floats:
    return np.asarray(quantized.scales(value, layer), dtype=np.float32)


def _is_rounded(fmt: Fixed) -> bool:
    """Whether a value has the bits of what matrix products and attention read."""
    return fmt.width <= BYTE.width or fmt.width == DIGITS.width
