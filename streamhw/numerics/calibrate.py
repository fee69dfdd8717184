# SPDX-License-Identifier: Apache-2.0
"""Calibration: what the float reference's values look like on sample tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..frontend.model import Model, Origin
from ..frontend.tokenizer import Tokenizer
from ..graph import Gather, Graph, Linear, Node
from .config import QuantConfig
from .execute import Array, execute
from .reference import Floats, float_compute

__all__ = ["Moments", "Statistics", "calibrate", "calibration_tokens", "windows"]

Key = tuple[str, int | None]
"""A value's name and its layer, ``None`` outside loops."""

_MOST_TOKENS = 8192
_RANDOM_TOKENS = 64
_MULTIPLICATIONS = 1 << 37
"""Of one calibration; bounds its time to seconds for large models."""
_BATCH = 2048
"""Tokens that go through the reference at a time."""


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Of a Linear's inputs: mean, mean square, and mean outer product if it was asked for."""

    mean: Floats
    square: Floats
    outer: Floats | None


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """largest: greatest magnitude of each feature of each value; moments: of Linears' inputs.

    source: the tokens in words, for reports
    """

    largest: Mapping[Key, Floats]
    moments: Mapping[Key, Moments]
    source: str


def windows(tokens: NDArray[np.int64], context: int, count: int | None = None) -> NDArray[np.int64]:
    """[windows, context] of a text's tokens, evenly spread if there are more than ``count``."""
    whole = len(tokens) // context
    if whole == 0:
        return tokens.reshape(1, -1)
    cut = tokens[: whole * context].reshape(whole, context)
    if count is None or count >= whole:
        return cut
    return cut[np.linspace(0, whole - 1, count).astype(np.int64)]


def calibration_tokens(model: Model, config: QuantConfig) -> tuple[NDArray[np.int64], str]:
    """Token windows to calibrate on, and what they are in words."""
    graph = model.graph
    parameters = sum(prod(p.shape) for p in graph.parameters())
    limit = min(_MOST_TOKENS, max(_RANDOM_TOKENS, _MULTIPLICATIONS // parameters))
    limit = limit if config.tokens is None else config.tokens
    if model.calibration is not None and model.tokenizer is not None:
        tokens = np.array(Tokenizer(model.tokenizer).encode(model.calibration), dtype=np.int64)
        chosen = windows(tokens, min(graph.context, limit), max(1, limit // graph.context))
        return chosen, f"{chosen.size} tokens of calibration text"
    if model.origin is Origin.RANDOM and config.tokens is None:
        limit = _RANDOM_TOKENS
    random = np.random.default_rng(config.seed)
    length = min(graph.context, limit)
    chosen = random.integers(0, graph.vocabulary, (max(1, limit // length), length))
    return chosen, f"{chosen.size} random tokens"


@dataclass
class _Collector:
    outer: bool
    count: int = 0
    largest: dict[Key, Floats] = field(default_factory=dict)
    sums: dict[Key, list[Floats]] = field(default_factory=dict)

    def observe(
        self, node: Node, layer: int | None, inputs: tuple[Array, ...], value: Array
    ) -> None:
        if value.dtype != np.float32:
            return
        key = node.name, layer
        rows = value.reshape(-1, value.shape[-1])
        peak = np.maximum(rows.max(axis=0), -rows.min(axis=0))
        known = self.largest.get(key)
        self.largest[key] = peak if known is None else np.maximum(known, peak)
        if isinstance(node.op, Linear):
            x = inputs[0].reshape(-1, inputs[0].shape[-1])
            square = x.T @ x if self.outer else np.einsum("nk,nk->k", x, x)
            sums = self.sums.setdefault(key, [np.zeros_like(x[0]), np.zeros_like(square)])
            sums[0] += x.sum(axis=0)
            sums[1] += square


def calibrate(
    graph: Graph,
    weights: Mapping[str, Floats],
    tokens: NDArray[np.int64],
    *,
    outer: bool,
    source: str,
) -> Statistics:
    """Runs the float reference over ``tokens`` [windows, n] and collects statistics.

    outer: also collect outer products of Linears' inputs
    """
    collector = _Collector(outer)
    step = max(1, _BATCH // tokens.shape[1])
    reference = float_compute(weights)

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        value = reference(node, layer, inputs)
        collector.observe(node, layer, inputs, value)
        return value

    for begin in range(0, len(tokens), step):
        execute(graph, tokens[begin : begin + step], compute, all_rows=True)

    for node, _ in graph.walk():
        if isinstance(node.op, Gather):  # other text reads other rows
            collector.largest[node.name, None] = np.abs(weights[node.op.table]).max(axis=0)

    def moments(sums: list[Floats]) -> Moments:
        mean, square = (total / np.float32(tokens.size) for total in sums)
        return Moments(
            mean=mean,
            square=np.diagonal(square).copy() if outer else square,
            outer=square if outer else None,
        )

    return Statistics(
        largest=collector.largest,
        moments={key: moments(sums) for key, sums in collector.sums.items()},
        source=source,
    )
