# SPDX-License-Identifier: Apache-2.0
"""``list``: what is installed."""

import argparse

from rich.console import Console

from .options import Commands, talk

__all__ = ["add"]


def add(commands: Commands) -> None:
    parser = commands.add_parser("list", help="what there is: models, boards or kernels")
    parser.add_argument("what", choices=("models", "boards", "kernels"))
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands import listing

    shown = {
        "models": listing.list_models,
        "boards": listing.list_boards,
        "kernels": listing.list_kernels,
    }
    shown[chosen.what](console)
