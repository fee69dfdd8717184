# SPDX-License-Identifier: Apache-2.0
"""Where commands print: text for people, or records for scripts and nothing else."""

import io
import os
import sys
from typing import Any

from rich.console import Console as RichConsole
from rich.text import Text

from .records.record import Record, line_of

__all__ = ["Console", "ScriptConsole", "console_for"]

PIPE_WIDTH = 140
"""Columns of a table where there is no terminal to ask, and no COLUMNS."""
WIDE, HIGH = 1000, 25
"""Columns in which every table has room; lines, which matter to no table."""


class Console(RichConsole):
    """Prints brackets and colons as they are: whoever wants colors gives a style. A closed pipe is
    an error like any other: it has an exit code of its own.

    scripted: whether records are printed instead of text
    """

    scripted = False

    def __init__(self, **choices: Any):
        super().__init__(markup=False, emoji=False, highlight=False, **choices)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError

    def tell(self, record: Record) -> None:
        """Says to scripts what people read in tables."""

    def say(self, text: str | Text) -> None:
        """Prints a sentence, in which a narrow terminal breaks lines between words; elsewhere it is
        one line."""
        self.print(text, soft_wrap=self.width >= PIPE_WIDTH)


class ScriptConsole(Console):
    """Prints records on standard output, one a line as they come; text goes nowhere."""

    scripted = True

    def __init__(self, *, quiet: bool = False):
        super().__init__(file=io.StringIO(), quiet=quiet)

    def tell(self, record: Record) -> None:
        print(line_of(record), flush=True)


def console_for(*, quiet: bool = False, stderr: bool = False, wide: bool = False) -> Console:
    """The console for people, on standard output or standard error.

    wide: tables have all columns, however wide the terminal is

    FORCE_COLOR colors what is no terminal, too; it makes no terminal of it. NO_COLOR is obeyed by
    rich, and so is TERM=dumb.
    """
    file = sys.stderr if stderr else sys.stdout
    terminal = file.isatty()
    width = None if terminal or os.environ.get("COLUMNS", "").isdigit() else PIPE_WIDTH
    forced = not terminal and os.environ.get("FORCE_COLOR", "") != ""
    return Console(
        quiet=quiet,
        stderr=stderr,
        width=WIDE if wide else width,
        height=HIGH if wide else None,
        force_terminal=terminal,
        color_system="standard" if forced else "auto",
    )
