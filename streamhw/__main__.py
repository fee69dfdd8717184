# SPDX-License-Identifier: Apache-2.0
"""The command line: runs one command (their arguments are in ``cli``), errors to exit codes."""

import argparse
import contextlib
import io
import os
import sys
import traceback
from collections.abc import Sequence

from rich.text import Text

from .cli import bench, build, doctor, evaluate, explain, explore, list, report, run, synth
from .cli.options import talk
from .commands.show import console_for
from .errors import InternalError, StreamhwError
from .version import __version__

__all__ = ["main", "parser"]

INTERRUPTED = 130
PIPE_CLOSED = 141

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
    known = parser()
    chosen = known.parse_args(arguments)
    if chosen.command is None:
        known.print_help()
        return 0
    # Names of files may hold bytes that are no text: they are printed as \xff, not refused.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    console = console_for(quiet=chosen.quiet)
    complaints = console_for(stderr=True)
    try:
        return int(chosen.run(chosen, console) or 0)
    except StreamhwError as error:
        if chosen.verbose or isinstance(error, InternalError):
            traceback.print_exc()
        complaints.print(Text.assemble(("error:", "red"), f" {error}"), soft_wrap=True)
        if error.hint:
            complaints.print(f"hint: {error.hint}", style="dim", soft_wrap=True)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has closed it. Python must not fail again when it flushes.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        complaints.print(Text.assemble(("interrupted", "red"), ": nothing was left half-written"))
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    known = argparse.ArgumentParser(
        prog="python -m streamhw",
        description="Compiles a language model into an accelerator in plain Verilog.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known.add_argument("--version", action="version", version=f"streamhw {__version__}")
    talk(known, default=False)
    commands = known.add_subparsers(dest="command", metavar="COMMAND")
    for command in (build, explore, run, bench, synth, explain, report, evaluate, doctor, list):
        command.add(commands)
    return known


if __name__ == "__main__":
    sys.exit(main())
