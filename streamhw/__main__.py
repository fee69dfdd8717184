# SPDX-License-Identifier: Apache-2.0
"""The command line: runs one command (their arguments are in ``cli``), errors to exit codes."""

import argparse
import contextlib
import errno
import io
import os
import sys
import traceback
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from .cli import (
    bench,
    build,
    doctor,
    evaluate,
    explain,
    explore,
    list,
    profile,
    report,
    run,
    synth,
)
from .cli.options import talk
from .cli.parser import Parser
from .cli.signals import Ended, ended_by_signals
from .commands.show import console_for
from .errors import InternalError, StreamhwError, UserError
from .version import __version__

__all__ = ["main", "parser"]

INTERRUPTED = 130
PIPE_CLOSED = 141

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of a file that standard output leads to."""

EPILOG = """\
try
  python -m streamhw run gpt2-shakespeare --prompt "ROMEO." --tokens 48
  python -m streamhw build gpt2 --board u55c
  python -m streamhw explain build/gpt2-u55c
  python -m streamhw report build/gpt2-u55c
  python -m streamhw list models

exit codes
  2 what you typed or named cannot be used    3 the model does not fit the board
  4 a tool is missing or failed               5 a fault of streamhw: please report it
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    # A shell may have closed them (``>&-``): nobody wants to read what goes there.
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()
    complaints = console_for(stderr=True)
    verbose = False
    try:
        with ended_by_signals(), _full_output_said():
            chosen = _parsed(arguments)
            verbose = chosen.verbose
            return _run(chosen)
    except StreamhwError as error:
        traced = verbose or isinstance(error, InternalError)
        _complain(complaints, "error:", f" {error}", hint=error.hint, traced=traced)
        return error.exit_code
    except BrokenPipeError:
        _write_no_more()
        return PIPE_CLOSED
    except KeyboardInterrupt as stop:
        said = "terminated" if isinstance(stop, Ended) else "interrupted"
        _complain(complaints, said, ": nothing was left half-written")
        return 128 + stop.number if isinstance(stop, Ended) else INTERRUPTED
    except Exception as error:  # no error that anybody foresaw
        what = f" Command must not fail with {type(error).__name__}: {error}"
        hint = "please report this, with the lines above"
        _complain(complaints, "error:", what, hint=hint, traced=True)
        return InternalError.exit_code


def _complain(
    console: Console, word: str, rest: str, *, hint: str | None = None, traced: bool = False
) -> None:
    """Says what went wrong; where nobody can read it, the exit code still says it."""
    with contextlib.suppress(OSError):
        if traced:
            traceback.print_exc()
        console.print(Text.assemble((word, "red"), rest), soft_wrap=True)
        if hint:
            console.print(f"hint: {hint}", style="dim", soft_wrap=True)
        sys.stderr.flush()


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was typed; help is written before this ends, or the closed pipe is seen."""
    try:
        return parser().parse_args(arguments)
    finally:
        sys.stdout.flush()


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command is None:
        parser().print_help()
        sys.stdout.flush()
        return 0
    # Names of files may hold bytes that are no text: they are printed as \xff, not refused.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    code = int(chosen.run(chosen, console_for(quiet=chosen.quiet)) or 0)
    sys.stdout.flush()
    return code


@contextlib.contextmanager
def _full_output_said() -> Iterator[None]:
    """An error of standard output, help included, is the user's: its disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL or error.filename is not None:
            raise
        _write_no_more()
        raise UserError(f"Standard output must be writable, but: {error.strerror}") from error


def _write_no_more() -> None:
    """What is still to be written goes nowhere: Python must not fail again when it flushes."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    known = Parser(
        prog="python -m streamhw",
        description="Compiles a language model into an accelerator in plain Verilog.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known.add_argument("--version", action="version", version=f"streamhw {__version__}")
    talk(known, default=False)
    commands = known.add_subparsers(dest="command", metavar="COMMAND")
    for command in (
        build,
        explore,
        run,
        profile,
        bench,
        synth,
        explain,
        report,
        evaluate,
        doctor,
        list,
    ):
        command.add(commands)
    return known


if __name__ == "__main__":
    sys.exit(main())
