# SPDX-License-Identifier: Apache-2.0
"""``explain``: why an edge has its converter and its FIFO."""

import argparse

from ..commands.console import Console
from .options import Commands, build_folder, talk

__all__ = ["add"]

EDGES = """\
EDGE is any of
  matmul_w4_i_x_qkv       the name in the list, in reports and in the Verilog
  norm_1->qkv_split       parts or ports at its two ends
  attention_sco           the beginning of either, if only one edge begins so
"""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "explain",
        help="why an edge has its converter and its FIFO",
        description="Shows one edge of a build: the types at its two ends and where their orders "
        "part, the converter's buffer, the depth of each FIFO and the rows of the linear program "
        "that force it. Without EDGE: all edges.",
        epilog=EDGES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    build_folder(parser)
    parser.add_argument("edge", metavar="EDGE", nargs="?", help="see below")
    parser.add_argument(
        "--all", action="store_true", help="list edges of control and memory beats, too"
    )
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.explain import explain

    explain(chosen.folder, chosen.edge, console, everything=chosen.all)
