# SPDX-License-Identifier: Apache-2.0
"""``streamhw.doctor``: where a quantized model loses its quality, and what to try."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..boards.base import Board
from ..compiler.layers.table import layer_table
from ..frontend import Model, Origin
from ..quantization.config import QuantConfig
from ..reference.diagnose import diagnose, fake_quality, values_of_a_token
from ..reference.evaluate import Quantize, name_of, token_bytes
from ..report.diagnosis import Diagnosis, QuantizationTrial
from .chosen_bits import bits_chosen
from .compile import loaded
from .evaluate import quantize_on
from .held_out import some_windows

__all__ = ["Diagnosis", "doctor"]

_TOKENS = 512
_WINDOW = 128
_VALUES = 1 << 26
"""Most numbers of all values that are kept: a quarter of a gigabyte of floats."""


def doctor(
    model: Model | str | Path,
    text: str | None = None,
    *,
    board: Board | str = "sim",
    config: QuantConfig | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Diagnosis:
    """Compares float, fake quantization and integers, stream by stream and layer by layer.

    model: a loaded one, or what ``load`` takes
    text: to run, instead of the model's held-out text, of its calibration text, or of random tokens
    board: the one whose padding of rows is measured
    config: the number format to look at; others are tried if it is out of bounds
    progress: told what runs, and the fraction of it that is done

    Raises   ``UserError`` if the model cannot read the text
    """
    named = str(model) if not isinstance(model, Model) else model.name
    on = board if isinstance(board, str) else board.name
    typed = " ".join(shlex.quote(part) for part in (named, "--board", on))
    model, board = loaded(model, board)
    chosen = bits_chosen(model, board, config or QuantConfig(), progress)
    room = max(2, min(_TOKENS, _VALUES // values_of_a_token(model)))
    rows = some_windows(model, text, chosen, tokens=room, window=_WINDOW)
    quantize = quantize_on(board, model)
    say = progress or (lambda what, done: None)
    calibrating = f"{name_of(chosen)}: calibration"
    say(calibrating, 0.0)
    padded, quantized = quantize(chosen, lambda share: say(calibrating, 0.4 * share))
    steps = iter((0.4, 0.5, 0.6))
    found = diagnose(
        model,
        padded,
        quantized,
        layer_table().reference,
        rows,
        lambda what: say(what, next(steps, 0.6)),
    )
    diagnosis = Diagnosis(
        model=model.name,
        typed=typed,
        name=name_of(chosen),
        calibration=quantized.calibration,
        streams=found.streams,
        fake=found.fake,
        integer=found.integer,
        token_bytes=token_bytes(quantized),
    )
    if diagnosis.within_bounds or model.origin is Origin.RANDOM:
        return diagnosis
    trials = _trials(model, quantize, chosen, rows, say)
    return replace(diagnosis, trials=trials)


def _trials(
    model: Model,
    quantize: Quantize,
    chosen: QuantConfig,
    rows: NDArray[np.int64],
    say: Callable[[str, float], None],
) -> tuple[QuantizationTrial, ...]:
    """Choices with more bits than the one that was made, by the bytes that a token reads."""
    wanted = (
        ("--quant w4a8 --head-bits 8", QuantConfig(weight_bits=4, head_bits=8)),
        ("--quant w8a8", QuantConfig(weight_bits=8)),
    )
    found = []
    for number, (options, config) in enumerate(wanted):
        if config == chosen:
            continue
        say(f"trial: {name_of(config)}", 0.7 + 0.15 * number)
        padded, quantized = quantize(config)
        found.append(
            QuantizationTrial(
                options=options,
                quality=fake_quality(model, padded, quantized, rows),
                token_bytes=token_bytes(quantized),
            )
        )
    return tuple(sorted(found, key=lambda trial: trial.token_bytes))
