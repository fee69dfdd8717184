# SPDX-License-Identifier: Apache-2.0
"""``report``: a build as one HTML file."""

import argparse

from ..commands.console import Console
from .options import Commands, build_folder, path, talk

__all__ = ["add"]


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "report",
        help="a build as one HTML file",
        description="Writes one HTML file that opens without server or network: the dataflow graph "
        "with a type on every stream, a timeline of the kernels for one token, FIFOs with depth, "
        "predicted and measured peak (measured by `run --check`), converters, memory map, dies, "
        "resources against the board's budget, and what `explore` found, if it is there.",
    )
    build_folder(parser)
    parser.add_argument(
        "-o", "--output", type=path, metavar="FILE", help="default: BUILD/report.html"
    )
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.report import report

    report(chosen.folder, chosen.output, console)
