# SPDX-License-Identifier: Apache-2.0
"""``synth``: Yosys' cell counts of a build."""

import argparse

from ..commands.console import Console
from .options import Commands, build_folder, talk

__all__ = ["add"]


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "synth",
        help="real cell counts of a build, beside the estimates",
        description="Runs Yosys for the board's family; writes synth.json into the build folder.",
    )
    build_folder(parser)
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.synth import synth

    synth(chosen.folder, console)
