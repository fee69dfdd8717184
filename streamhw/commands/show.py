# SPDX-License-Identifier: Apache-2.0
"""The terminal: where commands print, and progress on anything that takes seconds."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Console", "progress"]


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
