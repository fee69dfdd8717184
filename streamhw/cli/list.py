# SPDX-License-Identifier: Apache-2.0
"""``list``: what is installed."""

import argparse

from ..commands.console import Console
from .options import Commands, talk

__all__ = ["add"]

KINDS = (
    "models", "families", "formats", "boards", "memories", "layers", "functions",
    "number-formats", "kernels",
)  # fmt: skip


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "list",
        help="what is installed, here and by other packages",
        description="Shows models, boards and all that packages may add, with the package that "
        "each comes from.",
    )
    parser.add_argument("what", choices=KINDS, nargs="?", help="default: all of them")
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.listing import list_installed

    list_installed(chosen.what, console)
