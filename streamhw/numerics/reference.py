# SPDX-License-Identifier: Apache-2.0
"""The float reference: executes a layer graph with numpy in 32-bit floats, whole sequences."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from ..graph import (
    Activation,
    Add,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Graph,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Loop,
    Node,
    parameter_name,
)

__all__ = ["FLOAT_FUNCTIONS", "Floats", "Observer", "attend", "evaluate_node", "forward"]

Floats = NDArray[np.float32]
Values = dict[str, Floats]
Observer = Callable[[Node, int | None, tuple[Floats, ...], Floats], Floats | None]
"""Called after each node with the layer, the inputs and the value; may return another value."""

_ROOT_2_OVER_PI = np.float32(np.sqrt(2 / np.pi))


def _gelu_tanh(x: Floats) -> Floats:
    inner = _ROOT_2_OVER_PI * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (1 + np.tanh(inner))


def _gelu(x: Floats) -> Floats:
    return np.asarray(0.5 * x * (1 + erf(x / np.sqrt(2))), dtype=np.float32)


def _silu(x: Floats) -> Floats:
    return np.asarray(x * 0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float32)


def _relu(x: Floats) -> Floats:
    return np.maximum(x, np.float32(0))


FLOAT_FUNCTIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "gelu_tanh": _gelu_tanh,
    "gelu": _gelu,
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
    return np.moveaxis(scores @ v, -3, -2).reshape(*lead, n, op.heads * op.head_dim)


def evaluate_node(
    node: Node, inputs: tuple[Floats, ...], parameters: Callable[[str], Floats]
) -> Floats:
    """The value of one node; ``parameters`` gives tensors by the graph's names."""
    op = node.op
    if isinstance(op, Gather):
        return np.asarray(parameters(op.table)[inputs[0].astype(np.int64)])
    if isinstance(op, Add):
        return inputs[0] + inputs[1]
    if isinstance(op, LayerNorm):
        x = inputs[0]
        x = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(op.epsilon))
        return x / deviation * parameters(op.weight) + parameters(op.bias)
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
    if isinstance(op, LastToken):
        return inputs[0][..., -1:, :]
    if isinstance(op, ArgMax):
        return np.asarray(inputs[0].argmax(axis=-1))
    raise TypeError(f"The float reference has no rule for {op.kind}")


def forward(
    graph: Graph,
    weights: Mapping[str, Floats],
    tokens: NDArray[np.int64],
    *,
    observe: Observer | None = None,
    all_rows: bool = False,
) -> Values:
    """Values of all nodes outside loops for ``tokens`` [..., n]; body values of the last layer.

    observe: sees each node's value, and may replace it: calibration and fake quantisation
    all_rows: makes ``LastToken`` pass all rows, so that the result covers every position
    """
    values: Values = {}

    def run(node: Node, layer: int | None) -> None:
        inputs = tuple(values[name] for name in node.inputs)
        if isinstance(node.op, Input):
            positions = np.broadcast_to(np.arange(tokens.shape[-1]), tokens.shape)
            value = np.asarray(tokens if node.op.role == "tokens" else positions)
        elif isinstance(node.op, LastToken) and all_rows:
            value = inputs[0]
        else:
            value = evaluate_node(node, inputs, lambda name: weights[parameter_name(name, layer)])
        changed = None if observe is None else observe(node, layer, inputs, value)
        values[node.name] = value if changed is None else changed

    for item in graph.nodes:
        if isinstance(item, Loop):
            values[item.carried] = values[item.source]
            for layer in range(item.trips):
                for node in item.body:
                    run(node, layer)
                values[item.carried] = values[item.result]
            values[item.name] = values[item.result]
        else:
            run(item, None)
    return values
