# SPDX-License-Identifier: Apache-2.0
"""Held-out loss of the float model, of its quantization, and of the integers of the hardware."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..frontend.model import Model
from ..graph import Array
from ..graph.float_reference import forward
from ..quantization.calibrate import windows
from ..quantization.config import QuantConfig
from ..quantization.fake_quant import fake_forward
from ..quantization.quantized_model import QuantizedModel
from ..quantization.quantizer import quantize
from ..quantization.rules import QuantizationRules
from .integer_model import IntegerModel
from .rules import ReferenceRules

__all__ = ["WINDOWS", "Evaluation", "Losses", "evaluate"]

WINDOWS = 512
"""Windows of one context each: for gpt2-shakespeare a quarter of its held-out text, a minute."""

_IMPLEMENTATION_BOUND = 0.01
_QUANTIZATION_BOUNDS = {8: 0.003, 4: 0.02}
"""Largest relative rise of the loss, by weight bits."""
_BATCH_TOKENS = 4096


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Losses in nats a token of one quantization, and the bounds that they must keep.

    name: such as ``W4A8``; real: of the float model; fake: of the quantized model in floats;
    integer: of the hardware's integers
    """

    name: str
    real: float
    fake: float
    integer: float
    quantization_bound: float
    implementation_bound: float = _IMPLEMENTATION_BOUND

    @property
    def quantization(self) -> float:
        """Relative rise of the loss by quantization: fake against float."""
        return self.fake / self.real - 1

    @property
    def total(self) -> float:
        """Relative rise of the loss of the integers against the float model."""
        return self.integer / self.real - 1

    @property
    def implementation(self) -> float:
        """Relative change of perplexity by the implementation: integer against fake."""
        return float(np.exp(self.integer - self.fake)) - 1

    @property
    def within_bounds(self) -> bool:
        """Whether the rise of the loss, in total and by quantization, and the implementation's
        change keep their bounds."""
        rise = max(self.quantization, self.total)
        return (
            rise <= self.quantization_bound
            and abs(self.implementation) <= self.implementation_bound
        )


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What was measured on which text.

    model: its name; windows, tokens: how many, of which all but each window's first are predicted
    results: one for each quantization
    """

    model: str
    windows: int
    tokens: int
    results: tuple[Losses, ...]


def evaluate(
    model: Model,
    quantization: QuantizationRules,
    reference: ReferenceRules,
    configs: Sequence[QuantConfig] = (QuantConfig(weight_bits=8), QuantConfig(weight_bits=4)),
    *,
    text: str | None = None,
    count: int = WINDOWS,
    progress: Callable[[str, float], None] | None = None,
) -> Evaluation:
    """Losses on ``count`` windows of one context each, evenly spread over the held-out text.

    quantization, reference: rules of the layer kinds
    text: to measure on, instead of the model's held-out text
    progress: told what runs, and the fraction of it that is done

    Raises ``UserError`` if the model has no tokenizer or there is no text of two tokens or more.
    """
    chosen = text if text is not None else model.heldout
    if model.tokenizer is None or chosen is None:
        raise UserError(f"{model.name}: a tokenizer and held-out text must be there to measure on")
    ids = np.array(model.tokenizer.encode(chosen), dtype=np.int64)
    if len(ids) < 2:
        raise UserError(f"Text must have 2 tokens or more, not {len(ids)}")
    rows = windows(ids, model.graph.context, count)
    head = model.graph.node(model.graph.result).inputs[0]

    def measure(what: str, logits: Callable[[NDArray[np.int64]], Array]) -> float:
        step = max(1, _BATCH_TOKENS // rows.shape[1])
        total = 0.0
        for begin in range(0, len(rows), step):
            part = rows[begin : begin + step]
            total += _loss(logits(part), part)
            if progress is not None:
                progress(what, min(1.0, (begin + step) / len(rows)))
        return total / (rows.size - len(rows))

    real = measure("float", lambda t: forward(model.graph, model.weights, t, all_rows=True)[head])
    results = []
    for config in configs:
        quantized = quantize(model, quantization, config)

        def fake(t: NDArray[np.int64], quantized: QuantizedModel = quantized) -> Array:
            return fake_forward(model, quantized, t, all_rows=True)[head]

        results.append(
            Losses(
                name=str(config),
                real=real,
                fake=measure(f"{config} in floats", fake),
                integer=measure(f"{config} in integers", IntegerModel(quantized, reference).logits),
                quantization_bound=_QUANTIZATION_BOUNDS[config.weights(head=False).bits],
            )
        )
    return Evaluation(model=model.name, windows=len(rows), tokens=rows.size, results=tuple(results))


def _loss(logits: Array, tokens: NDArray[np.int64]) -> float:
    """Sum of the nats of all tokens [windows, n] but each window's first."""
    x = logits[:, :-1].astype(np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(x, tokens[:, 1:, None], axis=-1)[..., 0]
    return float((np.log(np.exp(x).sum(axis=-1)) - chosen).sum())
