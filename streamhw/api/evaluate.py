# SPDX-License-Identifier: Apache-2.0
"""``streamhw.evaluate``: held-out losses of float, fake quantization and integers."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..compiler.layers.table import layer_table
from ..errors import UserError
from ..frontend import Model, load
from ..quantization.config import QuantConfig
from ..reference.evaluate import WINDOWS, Evaluation
from ..reference.evaluate import evaluate as measure

__all__ = ["WINDOWS", "Evaluation", "evaluate"]


def evaluate(
    model: Model | str | Path,
    text: str | None = None,
    *,
    windows: int = WINDOWS,
    configs: Sequence[QuantConfig] = (QuantConfig(weight_bits=8), QuantConfig(weight_bits=4)),
    progress: Callable[[str, float], None] | None = None,
) -> Evaluation:
    """What quantization costs a model, and what the hardware's integers add; in nats a token.

    model: a loaded one, or what ``load`` takes
    text: to measure on, instead of the model's held-out text
    windows: of one context each, evenly spread over the text
    configs: the number formats to measure
    progress: told what runs, and the fraction of it that is done

    Raises   ``UserError`` if the model has no tokenizer, or there is no text or no window
    """
    if windows < 1:
        raise UserError(f"Windows to measure on must be at least 1, not {windows}")
    model = model if isinstance(model, Model) else load(model)
    layers = layer_table()
    return measure(
        model,
        layers.quantization,
        layers.reference,
        configs,
        text=text,
        count=windows,
        progress=progress,
    )
