# SPDX-License-Identifier: Apache-2.0
"""The command line: arguments to one public function a command, errors to exit codes."""

import argparse
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from . import __version__
from .commands.show import console_for
from .errors import InternalError, StreamhwError

__all__ = ["main"]

INTERRUPTED = 130

EPILOG = """\
try
  python -m streamhw run gpt2-shakespeare --prompt "ROMEO." --tokens 48
  python -m streamhw build gpt2 --board u55c
  python -m streamhw list models

exit codes
  2 what you typed or named cannot be used    3 the model does not fit the board
  4 a tool is missing or failed               5 a fault of streamhw: please report it
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    # Ports of plumbing are read off components that are made for that and never placed.
    warnings.filterwarnings("ignore", message=".*created but never used")
    if chosen.command is None:
        parser.print_help()
        return 0
    console = console_for(quiet=chosen.quiet)
    complaints = Console(stderr=True)
    try:
        return int(chosen.run(chosen, console) or 0)
    except StreamhwError as error:
        if chosen.verbose or isinstance(error, InternalError):
            traceback.print_exc()
        complaints.print(f"[red]error:[/red] {error}", highlight=False, soft_wrap=True)
        if error.hint:
            complaints.print(f"[dim]hint: {error.hint}[/dim]", highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        complaints.print("[red]interrupted[/red]: nothing was left half-written")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m streamhw",
        description="Compiles a language model into an accelerator in plain Verilog.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"streamhw {__version__}")
    _talk(parser, default=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _build(commands)
    _run(commands)
    _synth(commands)
    _evaluate(commands)
    _list(commands)
    return parser


def _talk(parser: argparse.ArgumentParser, *, default: object = argparse.SUPPRESS) -> None:
    """Options that may stand before or after the command: the latter do not reset the former."""
    for short, name, says in (
        ("-v", "--verbose", "tracebacks with errors"),
        ("-q", "--quiet", "print errors only"),
    ):
        parser.add_argument(short, name, action="store_true", default=default, help=says)


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="a name (see `list models`) or a Hugging Face directory"
    )


def _choices(parser: argparse.ArgumentParser) -> None:
    """What build and run share."""
    _model(parser)
    parser.add_argument(
        "--board", default="sim", help="a name (see `list boards`) or a .py file; default: sim"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE_OR_DIR",
        help="safetensors to use instead of the model's own (or of random ones for a named shape)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="build folder; default: build/MODEL-BOARD",
    )
    parser.add_argument(
        "--quant",
        choices=("w4a8", "w8a8"),
        default="w4a8",
        help="bits of weights and activations; default: w4a8",
    )
    parser.add_argument(
        "--head-bits", type=int, choices=(4, 8), help="weight bits of the head, if others differ"
    )
    parser.add_argument(
        "--group", type=int, metavar="TOKENS", help="tokens of a step; default: the board's"
    )
    parser.add_argument(
        "--multipliers",
        type=int,
        metavar="N",
        help="of the matrix engine, a power of two; default: the board's",
    )
    parser.add_argument(
        "--sharing",
        choices=("all", "none"),
        default="all",
        help="all matrix products on one engine, or each on its own; default: all",
    )


def _build(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "build",
        help="model and board to Verilog, manifest, memory image, report",
        description="Writes top.v, manifest.json, memory.bin and report.json, and prints what the "
        "design costs and how many cycles it will take.",
    )
    _choices(parser)
    _talk(parser)
    parser.set_defaults(run=_do_build)


def _run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="text from the generated hardware, simulated",
        description="Builds (or reuses the build), compiles its Verilog into a simulator, and "
        "prints the text that the accelerator generates, with its cycles and memory traffic.",
    )
    _choices(parser)
    parser.add_argument(
        "--prompt", required=True, help="text; token numbers for a model without tokenizer"
    )
    parser.add_argument("--tokens", type=int, default=32, help="tokens to generate; default: 32")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare every token and every stream with the integer reference",
    )
    parser.add_argument(
        "--stalls",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="hold back every memory channel at random in this share of cycles",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the stalls; default: 0")
    _talk(parser)
    parser.set_defaults(run=_do_run)


def _synth(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "synth",
        help="real cell counts of a build, beside the estimates",
        description="Runs Yosys for the board's family; writes synth.json into the build folder.",
    )
    parser.add_argument("folder", metavar="BUILD", type=Path, help="a folder that `build` wrote")
    _talk(parser)
    parser.set_defaults(run=_do_synth)


def _evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "evaluate",
        help="held-out loss of float, fake quantisation and integers",
        description="Measures what quantisation costs, and what the hardware's integers add.",
    )
    _model(parser)
    parser.add_argument("--text", type=Path, help="UTF-8 text instead of the model's held-out text")
    parser.add_argument("--windows", type=int, help="windows of one context to measure on")
    _talk(parser)
    parser.set_defaults(run=_do_evaluate)


def _list(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("list", help="what there is: models, boards or kernels")
    parser.add_argument("what", choices=("models", "boards", "kernels"))
    _talk(parser)
    parser.set_defaults(run=_do_list)


def _request(chosen: argparse.Namespace) -> "object":
    from .commands.build import BuildRequest
    from .compiler.config import BuildConfig, Sharing
    from .numerics.config import QuantConfig

    bits = 4 if chosen.quant == "w4a8" else 8
    return BuildRequest(
        model=chosen.model,
        board=chosen.board,
        weights=chosen.weights,
        output=chosen.output,
        config=BuildConfig(
            quantisation=QuantConfig(weight_bits=bits, head_bits=chosen.head_bits),
            sharing=Sharing(chosen.sharing),
            group=chosen.group,
            multipliers=chosen.multipliers,
        ),
    )


def _do_build(chosen: argparse.Namespace, console: Console) -> None:
    from .commands.build import build

    build(_request(chosen), console)  # type: ignore[arg-type]


def _do_run(chosen: argparse.Namespace, console: Console) -> None:
    from .commands.run import RunRequest, run

    run(
        RunRequest(
            build=_request(chosen),  # type: ignore[arg-type]
            prompt=chosen.prompt,
            tokens=chosen.tokens,
            check=chosen.check,
            stalls=chosen.stalls,
            seed=chosen.seed,
        ),
        console,
    )


def _do_synth(chosen: argparse.Namespace, console: Console) -> None:
    from .commands.synth import synth

    synth(chosen.folder, console)


def _do_evaluate(chosen: argparse.Namespace, console: Console) -> int:
    from .commands.evaluate import evaluate_model
    from .numerics.evaluate import WINDOWS

    windows = WINDOWS if chosen.windows is None else chosen.windows
    return 0 if evaluate_model(chosen.model, console, text=chosen.text, windows=windows) else 1


def _do_list(chosen: argparse.Namespace, console: Console) -> None:
    from .commands import listing

    shown = {
        "models": listing.list_models,
        "boards": listing.list_boards,
        "kernels": listing.list_kernels,
    }
    shown[chosen.what](console)


if __name__ == "__main__":
    sys.exit(main())
