# SPDX-License-Identifier: Apache-2.0
"""Arguments of the commands that only look: explain, report, evaluate, list."""

import argparse
from pathlib import Path

from rich.console import Console

from .options import Commands, build_folder, model, talk

__all__ = ["add_evaluate", "add_explain", "add_list", "add_report"]

EDGES = """\
EDGE is any of
  matmul_w4_i_x_qkv       the name in the list, in reports and in the Verilog
  norm_1->qkv_split       parts or ports at its two ends
  attention_sco           the beginning of either, if only one edge begins so
"""


def add_explain(commands: Commands) -> None:
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
    parser.set_defaults(run=_explain)


def _explain(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.explain import explain

    explain(chosen.folder, chosen.edge, console, everything=chosen.all)


def add_report(commands: Commands) -> None:
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
        "-o", "--output", type=Path, metavar="FILE", help="default: BUILD/report.html"
    )
    talk(parser)
    parser.set_defaults(run=_report)


def _report(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.report import report

    report(chosen.folder, chosen.output, console)


def add_evaluate(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="held-out loss of float, fake quantization and integers",
        description="Measures what quantization costs, and what the hardware's integers add.",
    )
    model(parser)
    parser.add_argument("--text", type=Path, help="UTF-8 text instead of the model's held-out text")
    parser.add_argument("--windows", type=int, help="windows of one context to measure on")
    talk(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(chosen: argparse.Namespace, console: Console) -> int:
    from ..commands.evaluate import evaluate_model
    from ..reference.evaluate import WINDOWS

    windows = WINDOWS if chosen.windows is None else chosen.windows
    return 0 if evaluate_model(chosen.model, console, text=chosen.text, windows=windows) else 1


def add_list(commands: Commands) -> None:
    parser = commands.add_parser("list", help="what there is: models, boards or kernels")
    parser.add_argument("what", choices=("models", "boards", "kernels"))
    talk(parser)
    parser.set_defaults(run=_list)


def _list(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands import listing

    shown = {
        "models": listing.list_models,
        "boards": listing.list_boards,
        "kernels": listing.list_kernels,
    }
    shown[chosen.what](console)
