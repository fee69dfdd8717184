# SPDX-License-Identifier: Apache-2.0
"""``streamhw evaluate``: what quantization costs, and what the integers add to that."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.text import Text

from ..api.evaluate import evaluate
from ..boards.base import load_board
from ..frontend import load
from ..frontend.reading.text_file import read_text
from ..quantization.config import QuantConfig
from ..reference.evaluate import Evaluation, Losses
from ..report.fitted_table import FittedTable, numbers, words
from .chosen_bits import bits_shown
from .records.qualities import EvaluateRecord, LossesRecord
from .show import Console, progress

__all__ = ["evaluate_model"]


def evaluate_model(
    model: str,
    console: Console,
    *,
    board: str,
    configs: Sequence[QuantConfig],
    weights: Path | None = None,
    context: int | None = None,
    layers: int | None = None,
    calibration: Path | None = None,
    text: Path | None = None,
    windows: int | None = None,
    length: int | None = None,
) -> bool:
    """Prints held-out losses of float, fake quantization and integers, for each configuration.

    Returns whether all bounds hold. Raises ``UserError`` if there is nothing to measure on.
    """
    words = None if text is None else read_text(text)
    loaded = load(model, weights, context=context, layers=layers, calibration=calibration)
    on = load_board(board)
    chosen = [bits_shown(loaded, on, config, console) for config in configs]
    with progress(console) as shown:
        task = shown.add_task("evaluate", total=1.0, detail="")
        found = evaluate(
            loaded,
            words,
            board=on,
            windows=windows,
            length=length,
            configs=chosen,
            progress=lambda what, done: shown.update(task, completed=done, detail=what),
            on_losses=lambda losses: console.tell(_record(losses)),
        )
    holds = all(row.within_bounds for row in found.results)
    console.tell(
        EvaluateRecord(
            model=found.model,
            windows=found.windows,
            tokens=found.tokens,
            float_loss=found.real,
            within_bounds=holds,
        )
    )
    console.say(
        f"{found.model}: {found.tokens:,} held-out tokens in {found.windows:,} windows, losses in "
        "nats a token"
    )
    console.print(_table(found))
    for row in found.results:
        bound = row.quantization_bound
        promised = "" if bound is None else f"rise of the loss {row.total:+.2%} of {bound:.1%}, "
        said = (
            f"{row.name}: {promised}integers against fake quantization "
            f"{row.implementation:+.3%} of {row.implementation_bound:.0%} perplexity: bounds "
        )
        state = ("hold", "green") if row.within_bounds else ("are broken", "red")
        console.say(Text.assemble(said, state))
    return holds


def _record(row: Losses) -> LossesRecord:
    return LossesRecord(
        name=row.name,
        float_loss=row.real,
        fake_loss=row.fake,
        integer_loss=row.integer,
        fake_agreement=row.fake_agreement,
        integer_agreement=row.integer_agreement,
        token_bytes=row.token_bytes,
        loss_rise=row.total,
        loss_rise_bound=row.quantization_bound,
        integer_change=row.implementation,
        integer_change_bound=row.implementation_bound,
        within_bounds=row.within_bounds,
    )


def _table(found: Evaluation) -> FittedTable:
    """Losses, perplexities and top-1 agreement of all that was measured."""
    table = FittedTable(
        [
            *words(""),
            *numbers("loss", "perplexity"),
            *numbers("top 1 as float", "MB a token", keeps=1),
        ]
    )
    table.add_row("float", f"{found.real:.4f}", _perplexity(found.real), "", "")
    for row in found.results:
        size = f"{row.token_bytes / 1e6:,.3f}"
        for what, loss, agreement in (
            ("in floats", row.fake, row.fake_agreement),
            ("in integers", row.integer, row.integer_agreement),
        ):
            change = np.exp(loss - found.real) - 1
            table.add_row(
                f"{row.name} {what}",
                f"{loss:.4f}",
                f"{_perplexity(loss)} ({change:+.2%})",
                f"{agreement:.1%}",
                size,
            )
    return table


def _perplexity(loss: float) -> str:
    return f"{np.exp(loss):,.3f}"
