# SPDX-License-Identifier: Apache-2.0
"""What commands print beside tables: files, warnings, and progress on anything that takes
seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from .console import Console, console_for
from .progress_lines import progress_lines
from .records.record import WarningRecord

__all__ = ["Console", "console_for", "progress", "show_file", "warn"]


def show_file(file: Path, console: Console) -> None:
    """Prints the path of a written file, and its size."""
    size = f"{file.stat().st_size:,} bytes"
    console.print(Text.assemble(f"  {file}  ", (size, "dim")), soft_wrap=True)


def warn(console: Console, text: str) -> None:
    """Prints a line that the user should not pass over."""
    console.print(text, style="yellow", soft_wrap=True)
    console.tell(WarningRecord(text=text))


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """A progress display: a moving line on a terminal; elsewhere, and on a terminal in which no
    line can move, a line on standard error every ten seconds."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_interactive,
    ) as shown:
        if console.is_interactive or console.quiet:
            yield shown
        else:
            with progress_lines(shown, console_for(stderr=True)):
                yield shown
