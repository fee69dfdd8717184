# SPDX-License-Identifier: Apache-2.0
"""Where commands print, progress on anything that takes seconds, and files written whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..errors import UserError

__all__ = ["Console", "GrowingText", "console_for", "progress", "write_whole"]

PIPE_WIDTH = 140
"""Columns of a table where there is no terminal to ask."""


def console_for(*, quiet: bool) -> Console:
    """The console that commands print on."""
    console = Console(quiet=quiet)
    return console if console.is_terminal else Console(quiet=quiet, width=PIPE_WIDTH)


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """A progress display: a moving line on a terminal, nothing that clutters a log."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as shown:
        yield shown


def write_whole(file: Path, text: str) -> None:
    """Writes a text file beside its place and moves it there; raises ``UserError``."""
    work: str | None = None
    try:
        descriptor, work = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.absolute().parent)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        os.chmod(work, 0o644)
        os.replace(work, file)
    except OSError as error:
        raise UserError(f"Output file {file} must be writable, but: {error.strerror}") from None
    finally:
        if work is not None:
            Path(work).unlink(missing_ok=True)


class GrowingText:
    """Text that comes in pieces: printed at once to a file or pipe; on a terminal, whole lines are
    printed above the progress display and the last one grows in it."""

    def __init__(self, console: Console, shown: Progress):
        self._console = console
        self._shown = shown
        self._printed = ""
        self._text = ""
        self._line = shown.add_task("", total=None, detail="") if console.is_terminal else None

    def show(self, text: str) -> None:
        """The text so far; a last character that is not complete yet is held back."""
        self._text = text.rstrip("\N{REPLACEMENT CHARACTER}")
        ready = self._text
        if self._line is not None:
            ready, rest = ready[: ready.rfind("\n") + 1], ready[ready.rfind("\n") + 1 :]
            self._shown.update(self._line, description=escape(rest))
        new = ready[len(self._printed) :]
        if new:
            self._console.print(
                new, end="", highlight=False, markup=False, emoji=False, soft_wrap=True
            )
            self._printed = ready

    def end(self) -> None:
        """Prints what is left, and ends the line."""
        rest = self._text[len(self._printed) :]
        self._console.print(rest, highlight=False, markup=False, emoji=False, soft_wrap=True)
        if self._line is not None:
            self._shown.remove_task(self._line)
