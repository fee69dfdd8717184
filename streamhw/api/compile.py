# SPDX-License-Identifier: Apache-2.0
"""``streamhw.compile``: a model and a board become a placed netlist, in memory."""

from collections.abc import Callable
from pathlib import Path

from ..boards.base import Board, load_board
from ..compiler.config import BuildConfig
from ..compiler.ir.levels import Quantized
from ..compiler.overrides import Decisions
from ..compiler.pipeline import compile_model
from ..frontend import Model, load
from ..quantization.quantized_model import QuantizedModel
from .chosen_bits import with_bits

__all__ = ["compile", "loaded"]


def compile(
    model: Model | QuantizedModel | str | Path,
    board: Board | str = "sim",
    config: BuildConfig | None = None,
    *,
    stop: str | None = None,
    decisions: Decisions | None = None,
    on_stage: Callable[[str, float], None] | None = None,
) -> Quantized:
    """Compiles a model for a board; nothing is written.

    model: a loaded one, quantized or not, or what ``load`` takes
    board: a ``Board``, or what ``--board`` takes
    config: choices of the design; None: as on the command line without options
    stop: the last stage to run; None: all of them
    decisions: of an earlier build, obeyed in place of what the stages would choose
    on_stage: called with each stage's name and its seconds

    Returns  the level after the last stage: a ``PlacedNetlist`` unless ``stop`` says otherwise

    Raises   ``UserError`` for a model, board, stage or decision that cannot be used,
             ``BuildError`` if no design exists, ``DoesNotFitError`` if it needs a larger board
    """
    if isinstance(model, QuantizedModel):
        board = load_board(board) if isinstance(board, str) else board
    else:
        model, board = loaded(model, board)
        config = with_bits(model, board, config or BuildConfig())
    return compile_model(model, board, config, on_stage=on_stage, stop=stop, decisions=decisions)


def loaded(model: Model | str | Path, board: Board | str) -> tuple[Model, Board]:
    """Both, read if they are only named; the board first, which is quick."""
    if isinstance(board, str):
        board = load_board(board)
    return (model if isinstance(model, Model) else load(model)), board
