# SPDX-License-Identifier: Apache-2.0
"""``streamhw.evaluate``: held-out losses of float, fake quantization and integers."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..boards.base import Board
from ..boards.plain import plain_board
from ..compiler.config import BuildConfig
from ..compiler.layers.table import layer_table
from ..compiler.pipeline import padded_for
from ..errors import UserError
from ..frontend import Model
from ..quantization.config import QuantConfig
from ..quantization.quantized_model import QuantizedModel
from ..quantization.quantizer import quantize
from ..reference.evaluate import Evaluation, Losses, Quantize, Sample
from ..reference.evaluate import evaluate as measure
from .chosen_bits import bits_chosen
from .compile import loaded
from .held_out import held_out_tokens

__all__ = ["Evaluation", "evaluate", "quantize_on", "sample_of"]


def evaluate(
    model: Model | str | Path,
    text: str | None = None,
    *,
    board: Board | str = "sim",
    windows: int | None = None,
    length: int | None = None,
    configs: Sequence[QuantConfig] = (QuantConfig(weight_bits=8), QuantConfig(weight_bits=4)),
    progress: Callable[[str, float], None] | None = None,
    on_losses: Callable[[Losses], None] | None = None,
) -> Evaluation:
    """What quantization costs a model, and what the hardware's integers add; in nats a token.

    model: a loaded one, or what ``load`` takes
    text: to measure on, instead of the model's held-out text; of token numbers if the model has no
        tokenizer
    board: the one whose padding of rows is measured
    windows: how many, evenly spread over the text; length: tokens of each, at most the context
    configs: the number formats to measure
    progress: told what runs, and the fraction of it that is done
    on_losses: told what each configuration came to, as soon as it is known

    Raises   ``UserError`` if there is no text or no window, or the model cannot read the text
    """
    sample = sample_of(windows, length)
    model, board = loaded(model, board)
    rows = sample.rows(model, held_out_tokens(model, text))
    rules = layer_table().reference
    chosen = [bits_chosen(model, board, config, progress) for config in configs]
    return measure(
        model,
        quantize_on(board, model),
        rules,
        chosen,
        rows,
        progress=progress,
        on_losses=on_losses,
    )


def sample_of(windows: int | None, length: int | None) -> Sample:
    """What is measured; raises ``UserError`` for numbers that make no sense."""
    if windows is not None and windows < 1:
        raise UserError(f"Windows to measure on must be at least 1, not {windows}")
    if length is not None and length < 2:
        raise UserError(f"Windows to measure on must have at least 2 tokens each, not {length}")
    return Sample(windows=windows, length=length)


def quantize_on(board: Board, model: Model) -> Quantize:
    """What pads and quantizes the model as a build for the board does."""
    plain = plain_board(board)

    def made(
        config: QuantConfig, on_share: Callable[[float], None] | None = None, /
    ) -> tuple[Model, QuantizedModel]:
        padded = padded_for(model, plain, BuildConfig(quantization=config))
        rules = layer_table().quantization
        return padded, quantize(padded, rules, config, on_share=on_share)

    return made
