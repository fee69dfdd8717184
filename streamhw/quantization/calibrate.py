# SPDX-License-Identifier: Apache-2.0
"""Calibration: what the float reference's values look like on sample tokens.

A trained model is measured as it is. In seeded random weights all layers, rows and channels look
alike: the first layer stands for all of them, and the first words for the vocabulary, so that the
other gigabytes need not be made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..frontend.model import Model, Origin
from ..frontend.weights import RandomWeights
from ..graph import Array, Floats, Graph, Node, parameter_name
from ..graph.executor import execute
from ..graph.float_reference import float_compute
from ..graph.rules import rule_of
from .config import QuantConfig
from .rules import QuantizationRules
from .statistics import Key, Moments, Statistics

__all__ = [
    "calibrate",
    "calibrate_shape",
    "calibration_tokens",
    "text_windows",
    "windows",
]

_MOST_TOKENS = 8192
_RANDOM_TOKENS = 64
_RANDOM_WORDS = 1024
"""Of the vocabulary of a model with random weights: rows of its table and of its head."""
_RANDOM_MARGIN = 1.5
"""The greatest of a billion normal numbers against that of a sample of a million."""
_MULTIPLICATIONS = 1 << 37
"""Of one calibration on random tokens; bounds its time to seconds for large models."""
_TEXT_MULTIPLICATIONS = 1 << 40
"""Of one calibration on the package's text: a minute or two."""
_OWN_MULTIPLICATIONS = 1 << 42
"""On text like what the model is to write, of which more tells more."""
_WINDOW = 512
"""Tokens of a window of the package's text: many beginnings tell more than far positions."""
_BATCH = 2048
"""Tokens that go through the reference at a time."""
_BATCH_VALUES = 1 << 27
"""Logits of a batch: bounds its memory."""
_BEGINNING = 0.3
"""Weight of first tokens in outer products relative to that of all others: every token attends to
them, and little of their values must come through."""
_HEAVY = 4
"""Power of a token, relative to the median, beyond which it has no more weight."""


def windows(tokens: NDArray[np.int64], context: int, count: int | None = None) -> NDArray[np.int64]:
    """[windows, context] of a text's tokens, evenly spread if there are more than ``count``."""
    whole = len(tokens) // context
    if whole == 0:
        return tokens.reshape(1, -1)
    cut = tokens[: whole * context].reshape(whole, context)
    if count is None or count >= whole:
        return cut
    return cut[np.linspace(0, whole - 1, count).astype(np.int64)]


def text_windows(
    model: Model, tokens: NDArray[np.int64], length: int, count: int | None = None
) -> NDArray[np.int64]:
    """``windows`` of what the model's tokenizer makes of a text, each as if its text began there.

    Where prompts begin with tokens of their own, every window has them: a model that has never seen
    a text without them is lost.
    """
    before = np.array(_beginning(model), dtype=np.int64)
    if not before.size or min(length, len(tokens)) < before.size + 2:
        return windows(tokens, length, count)
    begun = np.array_equal(tokens[: before.size], before)
    cut = windows(tokens[before.size :] if begun else tokens, length - before.size, count)
    return np.concatenate([np.broadcast_to(before, (len(cut), before.size)), cut], axis=1)


def _beginning(model: Model) -> tuple[int, ...]:
    """The tokens that all prompts begin with."""
    return () if model.tokenizer is None else model.tokenizer.beginning


def calibration_tokens(model: Model, config: QuantConfig) -> tuple[NDArray[np.int64], str]:
    """Token windows to calibrate on, and what they are in words."""
    if model.calibration is not None and model.tokenizer is not None:
        chosen = _text_windows(model, config)
        return chosen, f"{chosen.size} tokens of calibration text"
    limit = _limit(model, config, _MULTIPLICATIONS)
    if model.origin is Origin.RANDOM and config.tokens is None:
        limit = _RANDOM_TOKENS
    random = np.random.default_rng(config.seed)
    length = min(model.graph.context, limit)
    words = model.graph.vocabulary
    if model.origin is Origin.RANDOM:
        words = min(words, _RANDOM_WORDS)
    chosen = random.integers(0, words, (max(1, limit // length), length))
    return chosen, f"{chosen.size} random tokens"


def _limit(model: Model, config: QuantConfig, multiplications: int) -> int:
    """Tokens at most."""
    if config.tokens is not None:
        return config.tokens
    parameters = sum(prod(p.shape) for p in model.graph.parameters())
    return min(_MOST_TOKENS, max(_RANDOM_TOKENS, multiplications // parameters))


def _text_windows(model: Model, config: QuantConfig) -> NDArray[np.int64]:
    """Windows of the calibration text. In every other one of the package's text, or in all where
    prompts have it, the token that begins a text comes first: what it does to a model is like
    nothing else."""
    assert model.calibration is not None and model.tokenizer is not None
    tokens = np.array(model.tokenizer.encode(model.calibration), dtype=np.int64)
    most = _TEXT_MULTIPLICATIONS if model.general_calibration else _OWN_MULTIPLICATIONS
    limit = _limit(model, config, most)
    length = min(model.graph.context, limit)
    if not model.general_calibration:
        return text_windows(model, tokens, length, max(1, limit // model.graph.context))
    length = min(length, _WINDOW)
    chosen = text_windows(model, tokens, length, max(1, limit // length)).copy()
    if model.begin_token is not None and not _beginning(model):
        chosen[::2] = np.roll(chosen[::2], 1, axis=1)
        chosen[::2, 0] = model.begin_token
    return chosen


@dataclass
class _Collector:
    rules: QuantizationRules
    outer: bool
    trained: bool
    largest: dict[Key, Floats] = field(default_factory=dict)
    sums: dict[Key, list[Floats]] = field(default_factory=dict)
    inner: dict[Key, float] = field(default_factory=dict)
    totals: dict[Key, tuple[Floats, ...]] = field(default_factory=dict)
    readers: dict[Key, Node] = field(default_factory=dict)
    """The one that an operand is measured at."""

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
        if self.trained and (magnitude := rule_of(self.rules, node).inner) is not None:
            self.inner[key] = max(self.inner.get(key, 0.0), magnitude(node, layer, inputs))
        if self.trained and (added := rule_of(self.rules, node).sums) is not None:
            parts = added(node, inputs)
            so_far = self.totals.get(key, tuple(np.zeros_like(part) for part in parts))
            self.totals[key] = tuple(a + b for a, b in zip(so_far, parts, strict=True))
        operand = next(iter(node.inputs), ""), layer
        if rule_of(self.rules, node).measured and self.readers.setdefault(operand, node) is node:
            x = inputs[0].reshape(-1, inputs[0].shape[-1])
            weighed = x * _weights(x) if self.trained else x
            made = [x.sum(axis=0), np.einsum("nk,nk->k", weighed, weighed)]
            if self.outer:
                length = inputs[0].shape[-2]
                weighed[::length] *= np.float32((_BEGINNING * length) ** 0.5)
                made.append(weighed.T @ weighed)
            known_sums = self.sums.setdefault(operand, [np.zeros_like(part) for part in made])
            for total, part in zip(known_sums, made, strict=True):
                total += part

    def statistics(self, count: int, source: str) -> Statistics:
        """What was seen in ``count`` tokens."""

        def moments(sums: list[Floats]) -> Moments:
            for total in sums:
                total /= np.float32(count)
            return Moments(mean=sums[0], square=sums[1], outer=sums[2] if self.outer else None)

        return Statistics(
            largest=self.largest,
            moments={key: moments(sums) for key, sums in self.sums.items()},
            inner=self.inner,
            sums=self.totals,
            source=source,
            tokens=count,
        )


def _weights(x: Floats) -> Floats:
    """Roots of the weights of tokens [n, 1]: the first token of a text may be a thousand times as
    large as all others, and none of the others would count."""
    power = np.einsum("nk,nk->n", x, x)
    most = np.float32(_HEAVY) * np.median(power)
    return np.asarray(np.sqrt(np.minimum(1, most / np.maximum(power, most + 1e-30))))[:, None]


def calibrate(
    graph: Graph,
    weights: Mapping[str, Floats],
    tokens: NDArray[np.int64],
    rules: QuantizationRules,
    *,
    outer: bool,
    source: str,
    on_share: Callable[[float], None] | None = None,
) -> Statistics:
    """Runs the float reference over ``tokens`` [windows, n] and collects statistics.

    outer: also collect outer products of Linears' inputs; on_share: told the share that is done
    """
    collector = _Collector(rules, outer, trained=True)
    step = max(1, min(_BATCH, _BATCH_VALUES // graph.vocabulary) // tokens.shape[1])
    reference = float_compute(weights)

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        value = reference(node, layer, inputs)
        collector.observe(node, layer, inputs, value)
        return value

    for begin in range(0, len(tokens), step):
        execute(graph, tokens[begin : begin + step], compute, all_rows=True)
        if on_share is not None:
            on_share(min(1.0, (begin + step) / len(tokens)))

    for node, _ in graph.walk():
        known = rule_of(rules, node).known_peaks
        if known is not None:
            collector.largest[node.name, None] = known(node, weights.__getitem__)
    return collector.statistics(tokens.size, source)


def calibrate_shape(
    graph: Graph,
    weights: RandomWeights,
    tokens: NDArray[np.int64],
    rules: QuantizationRules,
    *,
    source: str,
) -> Statistics:
    """Statistics of a model with random weights, from its first layer and first words.

    tokens: [windows, n], of the first words; every feature gets the range of the widest one
    """
    collector = _Collector(rules, outer=False, trained=False)
    made: dict[str, Floats] = {}

    def weight(template: str) -> Floats:
        name = parameter_name(template, 0)
        if name not in made:
            made[name] = weights.head(name, rows[template])
        return made[name]

    rows = {p.name: p.shape[0] for node, _ in graph.walk() for p in node.op.parameters}
    for node, loop in graph.walk():
        for parameter in node.op.parameters:
            if loop is None and parameter.shape[0] == graph.vocabulary:
                rows[parameter.name] = min(graph.vocabulary, _RANDOM_WORDS)

    def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
        value = node.op.evaluate(inputs, weight, layer)
        collector.observe(node, layer, inputs, value)
        return value

    execute(graph, tokens, compute, all_rows=True)
    for node, _ in graph.walk():
        known = rule_of(rules, node).known_peaks
        if known is not None:
            peak = known(node, weight)
            collector.largest[node.name, None] = peak * np.float32(_RANDOM_MARGIN)
    for key, peak in collector.largest.items():
        collector.largest[key] = np.full_like(peak, peak.max())
    return collector.statistics(tokens.size, source)
