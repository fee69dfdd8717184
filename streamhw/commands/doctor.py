# SPDX-License-Identifier: Apache-2.0
"""``streamhw doctor``: where a quantized model loses its quality, and what to try."""

import shlex
from dataclasses import replace
from pathlib import Path

from ..api.doctor import Diagnosis, doctor
from ..boards.base import load_board
from ..frontend import load
from ..frontend.reading.text_file import read_text
from ..quantization.config import QuantConfig
from .chosen_bits import bits_shown
from .model_options import model_options
from .records.qualities import DoctorRecord, StreamRecord
from .show import Console, progress

__all__ = ["diagnose_model"]


def diagnose_model(
    model: str,
    console: Console,
    *,
    board: str,
    config: QuantConfig,
    weights: Path | None = None,
    context: int | None = None,
    layers: int | None = None,
    calibration: Path | None = None,
    text: Path | None = None,
) -> Diagnosis:
    """Prints the errors of all streams and layers, what is wrong, and what to do.

    Raises ``UserError`` if the model cannot read the text.
    """
    words = None if text is None else read_text(text)
    loaded = load(model, weights, context=context, layers=layers, calibration=calibration)
    on = load_board(board)
    chosen = bits_shown(loaded, on, config, console)
    with progress(console) as shown:
        task = shown.add_task("doctor", total=1.0, detail="")
        found = doctor(
            loaded,
            words,
            board=on,
            config=chosen,
            progress=lambda what, done: shown.update(task, completed=done, detail=what),
        )
    typed = [model, "--board", board, *model_options(weights, context, layers, calibration)]
    found = replace(found, typed=shlex.join(typed))
    _record(found, console)
    console.say(
        f"{found.model}, {found.name}: errors against the float model over {found.fake.tokens:,} "
        "tokens"
    )
    console.print(found.stream_table())
    console.print(found.layer_table())
    for sentence in found.findings():
        console.say(f"* {sentence}")
    console.print("what to do", style="bold")
    for sentence in found.advice():
        console.print(f"* {sentence}", soft_wrap=True)
    return found


def _record(found: Diagnosis, console: Console) -> None:
    for stream in found.streams:
        console.tell(
            StreamRecord(
                name=stream.name,
                layer=stream.layer,
                own_error=stream.own,
                fake_error=stream.fake,
                integer_error=stream.integer,
                clipped=stream.clipped,
                outlier_feature=stream.channel,
                outlier=stream.outlier,
            )
        )
    console.tell(
        DoctorRecord(
            model=found.model,
            quantization=found.name,
            tokens=found.fake.tokens,
            nats=found.integer.nats,
            agreement=found.integer.agreement,
            token_bytes=found.token_bytes,
            within_bounds=found.within_bounds,
            findings=tuple(found.findings()),
            advice=tuple(found.advice()),
        )
    )
