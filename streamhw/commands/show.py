# SPDX-License-Identifier: Apache-2.0
"""Where commands print, and progress on anything that takes seconds.

Names, paths and messages may hold anything: consoles here take no text for markup.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from .progress_lines import progress_lines

__all__ = ["Console", "console_for", "progress", "show_file", "warn"]

PIPE_WIDTH = 140
"""Columns of a table where there is no terminal to ask."""


class _Console(Console):
    """A console whose closed pipe is an error like any other: it has an exit code of its own."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console_for(*, quiet: bool = False, stderr: bool = False) -> Console:
    """The console that commands print on. It prints brackets and colons as they are: whoever wants
    colors gives a style."""

    def console(width: int | None) -> Console:
        return _Console(
            quiet=quiet, stderr=stderr, width=width, markup=False, emoji=False, highlight=False
        )

    found = console(None)
    return found if found.is_terminal else console(PIPE_WIDTH)


def show_file(file: Path, console: Console) -> None:
    """Prints the path of a written file, and its size."""
    size = f"{file.stat().st_size:,} bytes"
    console.print(Text.assemble(f"  {file}  ", (size, "dim")), soft_wrap=True)


def warn(console: Console, text: str) -> None:
    """Prints a line that the user should not pass over."""
    console.print(text, style="yellow", soft_wrap=True)


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """A progress display: a moving line on a terminal; elsewhere a line on standard error every ten
    seconds."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as shown:
        if console.is_terminal or console.quiet:
            yield shown
        else:
            with progress_lines(shown, console_for(stderr=True)):
                yield shown
