# SPDX-License-Identifier: Apache-2.0
"""``evaluate``: held-out losses of float, fake quantization and integers."""

import argparse

from ..commands.console import Console
from .options import Commands, board, calibration, extent, formats, model, path, talk, weights

__all__ = ["add", "text"]

EXAMPLES = """\
  python -m streamhw evaluate gpt2-shakespeare
  python -m streamhw evaluate gpt2-shakespeare --quant w4a8 --head-bits 8
  python -m streamhw evaluate gpt2-shakespeare --cache-bits 4
  python -m streamhw evaluate DIR --text book.txt --windows 32 --length 512
"""


def text(parser: argparse.ArgumentParser) -> None:
    """What a model is measured on."""
    parser.add_argument(
        "--text",
        type=path,
        metavar="FILE",
        help="UTF-8 text instead of the model's held-out text; token numbers for a model without "
        "tokenizer",
    )
    parser.add_argument(
        "--windows", type=int, metavar="N", help="windows of the text, evenly spread over it"
    )
    parser.add_argument(
        "--length",
        type=int,
        metavar="TOKENS",
        help="of a window, at most the context",
    )


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="held-out loss of float, fake quantization and integers",
        description="Measures what quantization costs, and what the hardware's integers add: loss, "
        "perplexity, how often the likeliest token is that of the float model, and the bytes of "
        "matrices that each token reads.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model(parser)
    board(parser)
    weights(parser)
    calibration(parser)
    extent(parser)
    text(parser)
    formats(parser, several=True)
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> int:
    from ..commands.evaluate import evaluate_model
    from ..quantization.format_options import parse_formats

    wanted = chosen.quant or ["w8a8", "w4a8"]
    holds = evaluate_model(
        chosen.model,
        console,
        board=chosen.board,
        weights=chosen.weights,
        context=chosen.context,
        layers=chosen.layers,
        calibration=chosen.calibration,
        configs=[parse_formats(name, chosen.head_bits, chosen.cache_bits) for name in wanted],
        text=chosen.text,
        windows=chosen.windows,
        length=chosen.length,
    )
    return 0 if holds else 1
