# SPDX-License-Identifier: Apache-2.0
"""``doctor``: where a quantized model loses its quality, and what to try."""

import argparse

from ..commands.console import Console
from .options import Commands, board, calibration, extent, formats, model, path, talk, weights

__all__ = ["add"]

COLUMNS = """\
columns
  own       relative error that a stream's own rounding adds; of the layer that is named
  fake      relative error with all before it, in floats; integer: of the hardware's integers
  clipped   share of its integers that are at an end of their range
  outlier   the feature with the greatest peak, and how many times the median feature that is
"""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="where a quantized model loses its quality, and what to try",
        description="Runs a few hundred tokens in floats, in fake quantization and in the "
        "hardware's integers, and compares every stream of every layer. Says which of them loses "
        "the quality first, which ranges saturate, which feature is an outlier, and a command "
        "that helps.",
        epilog=COLUMNS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model(parser)
    board(parser)
    weights(parser)
    calibration(parser)
    extent(parser)
    parser.add_argument(
        "--text",
        type=path,
        metavar="FILE",
        help="UTF-8 text to run; default: the model's held-out or calibration text, else random "
        "tokens",
    )
    formats(parser)
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.doctor import diagnose_model
    from ..quantization.format_options import parse_formats

    diagnose_model(
        chosen.model,
        console,
        board=chosen.board,
        weights=chosen.weights,
        context=chosen.context,
        layers=chosen.layers,
        calibration=chosen.calibration,
        config=parse_formats(chosen.quant, chosen.head_bits, chosen.cache_bits),
        text=chosen.text,
    )
