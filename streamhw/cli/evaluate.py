# SPDX-License-Identifier: Apache-2.0
"""``evaluate``: held-out losses of float, fake quantization and integers."""

import argparse

from rich.console import Console

from .options import Commands, model, path, talk

__all__ = ["add"]


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="held-out loss of float, fake quantization and integers",
        description="Measures what quantization costs, and what the hardware's integers add.",
    )
    model(parser)
    parser.add_argument("--text", type=path, help="UTF-8 text instead of the model's held-out text")
    parser.add_argument("--windows", type=int, help="windows of one context to measure on")
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> int:
    from ..api.evaluate import WINDOWS
    from ..commands.evaluate import evaluate_model

    windows = WINDOWS if chosen.windows is None else chosen.windows
    return 0 if evaluate_model(chosen.model, console, text=chosen.text, windows=windows) else 1
