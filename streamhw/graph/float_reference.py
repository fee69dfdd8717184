# SPDX-License-Identifier: Apache-2.0
"""The float reference: executes a layer graph with numpy in 32-bit floats, whole sequences."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from . import (
    Activation,
    Add,
    Angles,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Graph,
    LayerNorm,
    Linear,
    Multiply,
    Node,
    RmsNorm,
    Rotary,
    parameter_name,
)
from .executor import Array, Compute, execute

__all__ = ["FLOAT_FUNCTIONS", "Floats", "attend", "evaluate_node", "float_compute", "forward"]

Floats = NDArray[np.float32]

_ROOT_2_OVER_PI = np.float32(np.sqrt(2 / np.pi))


def _gelu_tanh(x: Floats) -> Floats:
    inner = _ROOT_2_OVER_PI * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(np.float32(0.5) * x * (1 + np.tanh(inner)))


def _gelu_erf(x: Floats) -> Floats:
    return np.asarray(0.5 * x * (1 + erf(x / np.sqrt(2))), dtype=np.float32)


def _silu(x: Floats) -> Floats:
    return np.asarray(x * 0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float32)


def _relu(x: Floats) -> Floats:
    return np.maximum(x, np.float32(0))


FLOAT_FUNCTIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "gelu_tanh": _gelu_tanh,
    "gelu_erf": _gelu_erf,
    "silu": _silu,
    "relu": _relu,
}
"""The graph's activation functions."""


def attend(op: Attention, queries: Floats, keys: Floats, values: Floats) -> Floats:
    """Attention of rows [..., n, features] over themselves."""
    n = queries.shape[-2]
    lead = queries.shape[:-2]

    def split(x: Floats, heads: int) -> Floats:
        return np.moveaxis(x.reshape(*lead, n, heads, op.head_dim), -2, -3)

    group = op.heads // op.kv_heads
    q = split(queries, op.heads)
    k = np.repeat(split(keys, op.kv_heads), group, axis=-3)
    v = np.repeat(split(values, op.kv_heads), group, axis=-3)
    scores = (q @ np.swapaxes(k, -1, -2)) * np.float32(op.head_dim**-0.5)
    if op.causal:
        scores = np.where(np.tril(np.ones((n, n), dtype=bool)), scores, np.float32(-np.inf))
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    rows = np.moveaxis(scores @ v, -3, -2)
    return np.asarray(rows.reshape(*lead, n, op.heads * op.head_dim))


def cosines_and_sines(op: Angles, positions: Array, layer: int | None) -> Floats:
    """[..., features]: first the cosines of all pairs, then the sines."""
    pairs = op.features // 2
    turns = positions[..., None] * op.base(layer) ** (-np.arange(pairs) / pairs)
    return np.concatenate([np.cos(turns), np.sin(turns)], axis=-1).astype(np.float32)


def turn(op: Rotary, x: Floats, angles: Floats) -> Floats:
    """Pairs of features of each head, half a head apart, turned by the angles of their row."""
    halves = x.reshape(*x.shape[:-1], op.heads, 2, op.head_dim // 2)
    first, second = halves[..., 0, :], halves[..., 1, :]
    cosine, sine = np.split(angles[..., None, :], 2, axis=-1)
    turned = [first * cosine - second * sine, second * cosine + first * sine]
    return np.stack(turned, axis=-2).reshape(x.shape)


def evaluate_node(
    node: Node,
    inputs: tuple[Array, ...],
    parameters: Callable[[str], Floats],
    layer: int | None = None,
) -> Array:
    """The value of one node in a layer; ``parameters`` gives tensors by the graph's names."""
    op = node.op
    if isinstance(op, Gather):
        rows = parameters(op.table)[inputs[0].astype(np.int64)]
        return np.asarray(rows if op.scale == 1 else rows * np.float32(op.scale))
    if isinstance(op, Add):
        return np.asarray(inputs[0] + inputs[1])
    if isinstance(op, Multiply):
        return np.asarray(inputs[0] * inputs[1])
    if isinstance(op, Angles):
        return cosines_and_sines(op, inputs[0], layer)
    if isinstance(op, Rotary):
        return turn(op, inputs[0], inputs[1])
    if isinstance(op, RmsNorm):
        rows = inputs[0].reshape(*inputs[0].shape[:-1], op.heads, op.features)
        root = np.sqrt((rows * rows).mean(axis=-1, keepdims=True) + np.float32(op.epsilon))
        return np.asarray(rows / root * parameters(op.weight)).reshape(inputs[0].shape)
    if isinstance(op, LayerNorm):
        x = inputs[0]
        x = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(op.epsilon))
        return np.asarray(x / deviation * parameters(op.weight) + parameters(op.bias))
    if isinstance(op, Linear):
        weight = parameters(op.weight)
        y = inputs[0] @ (weight if op.transposed else weight.T)
        return y if op.bias is None else y + parameters(op.bias)
    if isinstance(op, Chunk):
        width = inputs[0].shape[-1] // op.parts
        return inputs[0][..., op.index * width : (op.index + 1) * width]
    if isinstance(op, Attention):
        return attend(op, *inputs)
    if isinstance(op, Activation):
        return FLOAT_FUNCTIONS[op.function](inputs[0])
    if isinstance(op, ArgMax):
        return np.asarray(inputs[0].argmax(axis=-1))
    raise TypeError(f"The float reference has no rule for {op.kind}")


def float_compute(weights: Mapping[str, Floats]) -> Compute:
    """The arithmetic of ``execute`` in 32-bit floats."""

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        return evaluate_node(node, inputs, lambda n: weights[parameter_name(n, layer)], layer)

    return compute


def forward(
    graph: Graph,
    weights: Mapping[str, Floats],
    tokens: NDArray[np.int64],
    *,
    all_rows: bool = False,
) -> dict[str, Array]:
    """Values by name for ``tokens`` [..., n], as ``execute`` in 32-bit floats."""
    return execute(graph, tokens, float_compute(weights), all_rows=all_rows)
