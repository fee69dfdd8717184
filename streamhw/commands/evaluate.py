# SPDX-License-Identifier: Apache-2.0
"""``streamhw evaluate``: what quantization costs, and what the integers add to that."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from ..api.evaluate import WINDOWS, evaluate
from ..errors import UserError
from .show import Console, progress

__all__ = ["evaluate_model"]


def evaluate_model(
    model: str, console: Console, *, text: Path | None = None, windows: int = WINDOWS
) -> bool:
    """Prints held-out losses of float, fake quantization and integers, for W8A8 and W4A8.

    Returns whether all bounds hold. Raises ``UserError`` if there is nothing to measure on.
    """
    try:
        words = None if text is None else text.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Text file {text} must be readable UTF-8 text, but: {error}") from None
    with progress(console) as shown:
        task = shown.add_task("evaluate", total=1.0, detail="")
        found = evaluate(
            model,
            words,
            windows=windows,
            progress=lambda what, done: shown.update(task, completed=done, detail=what),
        )
    console.print(
        f"{found.model}: {found.tokens:,} held-out tokens in {found.windows} windows, "
        "losses in nats a token"
    )
    table = Table("", "float", "fake quant", "integer", "loss rise", "bound",
                  "perplexity, integer / fake", "bound", "")  # fmt: skip
    for row in found.results:
        table.add_row(
            row.name,
            f"{row.real:.4f}",
            f"{row.fake:.4f}",
            f"{row.integer:.4f}",
            f"{row.total:+.2%}",
            f"{row.quantization_bound:.1%}",
            f"{row.implementation:+.3%}",
            f"{row.implementation_bound:.0%}",
            Text("holds", "green") if row.within_bounds else Text("broken", "red"),
        )
    console.print(table)
    return all(row.within_bounds for row in found.results)
