# SPDX-License-Identifier: Apache-2.0
"""Held-out loss of the float model, of its quantization, and of the integers of the hardware."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..frontend.model import Model
from ..graph import Array, Graph
from ..graph.float_reference import forward
from ..numerics.element_format import ElementFormat
from ..quantization.calibrate import text_windows
from ..quantization.config import QuantConfig
from ..quantization.fake_quant import fake_forward
from ..quantization.plan import LinearPlan
from ..quantization.quantized_model import AFFINE_BYTES, QuantizedModel
from .integer_model import IntegerModel
from .rules import ReferenceRules

__all__ = [
    "Evaluation",
    "Losses",
    "Quantize",
    "Sample",
    "evaluate",
    "matrix_bytes",
    "name_of",
    "token_bytes",
]

_IMPLEMENTATION_BOUND = 0.01
_QUANTIZATION_BOUNDS = {8: 0.003, 4: 0.02}
"""Largest relative rise of the loss, by weight bits; of other formats, and of keys and values of 4
bits, nothing is promised."""
_BATCH_TOKENS = 4096
_BATCH_LOGITS = 1 << 26
"""Numbers that are kept at a time: half a gigabyte of the integer reference's logits."""
_LOSS_LOGITS = 1 << 22
_MOST_WINDOW = 512
_MOST_TOKENS, _FEWEST_TOKENS = 1 << 16, 1 << 14
_MULTIPLICATIONS = 1 << 40
"""Of one pass over the text, if nothing else was asked for: minutes of the integer reference."""


class Quantize(Protocol):
    """Gives the model with rows padded for a configuration, and its integers."""

    def __call__(
        self, config: QuantConfig, on_share: Callable[[float], None] | None = None, /
    ) -> tuple[Model, QuantizedModel]:
        """``on_share``: told the share of the calibration that is done."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What of a text is measured on; None: as much as the size of the model allows.

    windows: how many, evenly spread over the text; length: tokens of each
    """

    windows: int | None = None
    length: int | None = None

    def rows(self, model: Model, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The windows [windows, length] of a text's tokens."""
        context = model.graph.context
        length = min(context, _MOST_WINDOW if self.length is None else self.length, len(ids))
        parameters = sum(prod(p.shape) for p in model.graph.parameters())
        tokens = max(_FEWEST_TOKENS, min(_MOST_TOKENS, _MULTIPLICATIONS // parameters))
        count = max(1, tokens // length) if self.windows is None else self.windows
        return text_windows(model, ids, length, count)


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Losses in nats a token of one quantization, and the bounds that they must keep.

    name: such as ``W4A8``; real: of the float model; fake: of the quantized model in floats;
    integer: of the hardware's integers
    fake_agreement, integer_agreement: share of tokens of which the likeliest successor is the
    float model's
    token_bytes: of all matrices, which each token reads
    quantization_bound: None where none is promised
    """

    name: str
    real: float
    fake: float
    integer: float
    quantization_bound: float | None
    implementation_bound: float = _IMPLEMENTATION_BOUND
    fake_agreement: float = 1.0
    integer_agreement: float = 1.0
    token_bytes: int = 0

    @property
    def quantization(self) -> float:
        """Relative rise of the loss by quantization: fake against float."""
        return _rise(self.real, self.fake)

    @property
    def total(self) -> float:
        """Relative rise of the loss of the integers against the float model."""
        return _rise(self.real, self.integer)

    @property
    def implementation(self) -> float:
        """Relative change of perplexity by the implementation: integer against fake."""
        return float(np.exp(self.integer - self.fake)) - 1

    @property
    def within_bounds(self) -> bool:
        """Whether the rise of the loss, in total and by quantization, and the implementation's
        change keep their bounds."""
        rise = max(self.quantization, self.total)
        bound = self.quantization_bound
        return (bound is None or rise <= bound) and (
            abs(self.implementation) <= self.implementation_bound
        )


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What was measured on which text.

    model: its name; windows, tokens: how many, of which all but each window's first are predicted
    real: loss of the float model; results: one for each quantization
    """

    model: str
    windows: int
    tokens: int
    real: float
    results: tuple[Losses, ...]


def evaluate(
    model: Model,
    quantize: Quantize,
    reference: ReferenceRules,
    configs: Sequence[QuantConfig],
    rows: NDArray[np.int64],
    *,
    progress: Callable[[str, float], None] | None = None,
    on_losses: Callable[[Losses], None] | None = None,
) -> Evaluation:
    """Losses on windows ``rows`` [windows, tokens] of a text.

    quantize: pads and quantizes the model; reference: rules of the layer kinds
    progress: told what runs, and the fraction of it that is done
    on_losses: told what each quantization came to, as soon as it is known
    """

    def measure(
        what: str, logits: Callable[[NDArray[np.int64]], Array]
    ) -> tuple[float, NDArray[np.int64]]:
        """Nats a token, and the likeliest successors."""
        most = min(_BATCH_TOKENS, _BATCH_LOGITS // model.graph.vocabulary)
        step = max(1, most // rows.shape[1])
        total, likeliest = 0.0, []
        for begin in range(0, len(rows), step):
            part = rows[begin : begin + step]
            loss, best = _loss(logits(part), part)
            total += loss
            likeliest.append(best)
            if progress is not None:
                progress(what, min(1.0, (begin + step) / len(rows)))
        return total / (rows.size - len(rows)), np.concatenate(likeliest)

    def floats(tokens: NDArray[np.int64]) -> Array:
        return forward(model.graph, model.weights, tokens, all_rows=True)[_head(model)]

    real, wanted = measure("float", floats)
    results = []
    for config in configs:
        name = name_of(config)
        on_share = progress and partial(progress, f"{name}: calibration")
        if on_share is not None:
            on_share(0.0)
        padded, quantized = quantize(config, on_share)
        name += quantized.plan.exceptions

        def fake(
            tokens: NDArray[np.int64], padded: Model = padded, made: QuantizedModel = quantized
        ) -> Array:
            return fake_forward(padded, made, tokens, all_rows=True)[_head(padded)]

        fake_loss, fake_best = measure(f"{name} in floats", fake)
        integer = IntegerModel(quantized, reference)
        loss, best = measure(f"{name} in integers", integer.logits)
        bits = {config.weights(head=False).bits, config.weights(head=True).bits}
        promised = _QUANTIZATION_BOUNDS if config.cache_bits == 8 else {}
        results.append(
            Losses(
                name=name,
                real=real,
                fake=fake_loss,
                integer=loss,
                quantization_bound=promised.get(min(bits)),
                fake_agreement=float((fake_best == wanted).mean()),
                integer_agreement=float((best == wanted).mean()),
                token_bytes=token_bytes(quantized),
            )
        )
        if on_losses is not None:
            on_losses(results[-1])
    return Evaluation(
        model=model.name,
        windows=len(rows),
        tokens=rows.size,
        real=real,
        results=tuple(results),
    )


def name_of(config: QuantConfig) -> str:
    """What a quantization is called, the head's own bits with it."""
    body, head = config.weights(head=False), config.weights(head=True)
    return str(config) if body == head else f"{config}, head W{head.bits}"


def token_bytes(quantized: QuantizedModel) -> int:
    """Bytes of all matrices with their scales and biases: what each token must read."""
    plans = quantized.plans.items()
    formats = {name: plan.weights for name, plan in plans if isinstance(plan, LinearPlan)}
    return matrix_bytes(quantized.graph, formats)


def matrix_bytes(graph: Graph, formats: Mapping[str, ElementFormat]) -> int:
    """The same, of products whose matrices have the formats."""
    total = 0
    for node, loop in graph.walk():
        product = node.op.product
        if product is not None and node.name in formats:
            weights = formats[node.name]
            row = weights.packed_bytes(product.inputs) + weights.group_bytes(product.inputs)
            trips = 1 if loop is None else loop.trips
            total += trips * product.outputs * (row + AFFINE_BYTES)
    return total


def _rise(before: float, after: float) -> float:
    """Relative rise; a model of one word has no loss to begin with."""
    return 0.0 if after == before else after / before - 1 if before else float("inf")


def _head(model: Model) -> str:
    return model.graph.node(model.graph.result).inputs[0]


def _loss(logits: Array, tokens: NDArray[np.int64]) -> tuple[float, NDArray[np.int64]]:
    """Sum of the nats of all tokens [windows, n] but each window's first, and what is likeliest in
    their places; a few rows at a time, which bounds the memory of large vocabularies."""
    rows = logits[:, :-1].reshape(-1, logits.shape[-1])
    wanted = tokens[:, 1:].reshape(-1)
    step = max(1, _LOSS_LOGITS // rows.shape[1])
    total, likeliest = 0.0, []
    for begin in range(0, len(rows), step):
        x = rows[begin : begin + step].astype(np.float64)
        likeliest.append(x.argmax(axis=-1))
        x -= x.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(x, wanted[begin : begin + step, None], axis=-1)[..., 0]
        total += float((np.log(np.exp(x).sum(axis=-1)) - chosen).sum())
    return total, np.concatenate(likeliest)
