# SPDX-License-Identifier: Apache-2.0
"""The tokens that a model is measured on: of a text that was named, or of its own held-out text."""

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..frontend import Model
from ..quantization.calibrate import calibration_tokens, text_windows, windows
from ..quantization.config import QuantConfig

__all__ = ["held_out_tokens", "some_windows"]

_HOW = "name a UTF-8 text: --text FILE"


def held_out_tokens(model: Model, text: str | None) -> NDArray[np.int64]:
    """Tokens of ``text``, or of the model's held-out text; text of numbers without a tokenizer.

    Raises ``UserError`` if there is no text, or it is none that the model can read.
    """
    chosen = model.heldout if text is None else text
    if chosen is None:
        raise UserError(
            f"{model.name}: a text to measure on must be named, and none was", hint=_HOW
        )
    if model.tokenizer is not None:
        ids = np.array(model.tokenizer.encode(chosen), dtype=np.int64)
    else:
        try:
            ids = np.array([int(word) for word in chosen.replace(",", " ").split()], dtype=np.int64)
        except (ValueError, OverflowError):
            raise UserError(
                f"Text for {model.name} must be token numbers, since it has no tokenizer"
            ) from None
    if len(ids) < 2:
        raise UserError(f"Text must have 2 tokens or more, not {len(ids)}")
    vocabulary = model.graph.vocabulary
    if (wrong := np.flatnonzero((ids < 0) | (ids >= vocabulary))).size:
        raise UserError(
            f"Token at position {wrong[0]} must be below the vocabulary of {vocabulary}, "
            f"not {ids[wrong[0]]}"
        )
    return ids


def some_windows(
    model: Model, text: str | None, config: QuantConfig, *, tokens: int, window: int
) -> NDArray[np.int64]:
    """About ``tokens`` tokens [windows, n] of ``text``, of the held-out text, or else of what
    ranges are measured on; n is at most ``window``.

    Raises ``UserError`` if the model cannot read the text.
    """
    measured = text is not None or (model.heldout is not None and model.tokenizer is not None)
    ids = held_out_tokens(model, text) if measured else calibration_tokens(model, config)[0].ravel()
    length = min(model.graph.context, window, tokens, len(ids))
    count = max(1, tokens // length)
    return text_windows(model, ids, length, count) if measured else windows(ids, length, count)
