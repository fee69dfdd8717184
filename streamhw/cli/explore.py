# SPDX-License-Identifier: Apache-2.0
"""``explore``: the best design of a model on a board, and those that no other one beats."""

import argparse

from ..commands.console import Console
from .exploration import exploration, explored
from .options import Commands, choices, request, talk

__all__ = ["add"]


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "explore",
        help="the best design of a model on a board, and those that no other one beats",
        description="Tries ways to share engines, lanes and token batches with the compiler and "
        "its cycle estimate, and writes best.json (for `build --design`), front.json and "
        "trials.jsonl; a second run goes on where the first one stopped.",
    )
    choices(parser)
    exploration(parser, seed="--seed")
    parser.add_argument(
        "--prompt",
        type=int,
        metavar="N",
        help="tokens of the prompt; default: 32, or half of a short context",
    )
    parser.add_argument(
        "--tokens",
        type=int,
        metavar="N",
        help="tokens of the answer; default: 32, or what a short context has room for",
    )
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.explore import explore_model

    explore_model(explored(chosen, request(chosen), chosen.prompt, chosen.tokens), console)
