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
from .cli.completion import SHELLS, script_for
from .cli.options import talk
from .cli.parser import Parser, ScriptParser
from .cli.signals import Ended, ended_by_signals
from .cli.tool_lines import tool_lines
from .commands.console import Console, ScriptConsole, console_for
from .commands.records.record import ErrorRecord
from .errors import InternalError, StreamhwError, UserError
from .version import __version__

__all__ = ["main", "parser"]

INTERRUPTED = 130
PIPE_CLOSED = 141
NOT_HALF_WRITTEN = ": nothing was left half-written"

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
    typed = sys.argv[1:] if arguments is None else arguments
    verbose, scripted = False, "--json" in typed
    try:
        with ended_by_signals(), _full_output_said():
            chosen = _parsed(typed, ScriptParser if scripted else Parser)
            verbose, scripted = bool(chosen.verbose), bool(chosen.json)
            with tool_lines(int(chosen.verbose)):
                return _run(chosen)
    except StreamhwError as error:
        traced = verbose or isinstance(error, InternalError)
        _complain("error:", f" {error}", hint=error.hint, traced=traced)
        return _told(scripted, str(error), error.hint, error.exit_code)
    except BrokenPipeError:
        _write_no_more()
        return PIPE_CLOSED
    except KeyboardInterrupt as stop:
        word, rest = "terminated" if isinstance(stop, Ended) else "interrupted", NOT_HALF_WRITTEN
        _complain(word, rest)
        code = 128 + stop.number if isinstance(stop, Ended) else INTERRUPTED
        return _told(scripted, word + rest, None, code)
    except Exception as error:  # no error that anybody foresaw
        what = f"Command must not fail with {type(error).__name__}: {error}"
        hint = "please report this, with the lines above"
        _complain("error:", f" {what}", hint=hint, traced=True)
        return _told(scripted, what, hint, InternalError.exit_code)


def _complain(word: str, rest: str, *, hint: str | None = None, traced: bool = False) -> None:
    """Says what went wrong; where nobody can read it, the exit code still says it."""
    with contextlib.suppress(OSError):
        console = console_for(stderr=True)
        if traced:
            traceback.print_exc()
        console.print(Text.assemble((word, "red"), rest), soft_wrap=True)
        if hint:
            console.print(f"hint: {hint}", style="dim", soft_wrap=True)
        sys.stderr.flush()


def _told(scripted: bool, error: str, hint: str | None, code: int) -> int:
    """The exit code, after a script got its last line; where it cannot, the code still says it."""
    if scripted:
        try:
            ScriptConsole().tell(ErrorRecord(error=error, hint=hint, exit_code=code))
        except OSError:
            _write_no_more()
    return code


def _parsed(arguments: Sequence[str], kind: type[Parser]) -> argparse.Namespace:
    """What was typed; help is written before this ends, or the closed pipe is seen."""
    try:
        return parser(kind).parse_args(arguments)
    finally:
        sys.stdout.flush()


def _run(chosen: argparse.Namespace) -> int:
    if chosen.print_completion is not None:
        print(script_for(chosen.print_completion, parser()), end="", flush=True)
        return 0
    if chosen.command is None and chosen.json:
        raise UserError("Option --json must come with a command, and does not")
    if chosen.command is None:
        parser().print_help()
        sys.stdout.flush()
        return 0
    # Names of files may hold bytes that are no text: they are printed as \xff, not refused.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    code = int(chosen.run(chosen, _console(chosen)) or 0)
    sys.stdout.flush()
    return code


def _console(chosen: argparse.Namespace) -> Console:
    if chosen.json:
        return ScriptConsole(quiet=chosen.quiet)
    return console_for(quiet=chosen.quiet, wide=chosen.wide)


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


def parser(kind: type[Parser] = Parser) -> argparse.ArgumentParser:
    """All commands with their options."""
    known = kind(
        prog="python -m streamhw",
        description="Compiles a language model into an accelerator in plain Verilog.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known.add_argument("--version", action="version", version=f"streamhw {__version__}")
    known.add_argument(
        "--print-completion",
        choices=SHELLS,
        metavar="SHELL",
        help=f"print a script that completes what is typed; of {' or '.join(SHELLS)}",
    )
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
