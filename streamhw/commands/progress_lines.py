# SPDX-License-Identifier: Apache-2.0
"""Progress where no line can move: in pipes and logs, a line every ten seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rich.console import Console
from rich.progress import Progress, Task

__all__ = ["SECONDS", "progress_lines"]

SECONDS = 10.0
"""From one line to the next."""


@contextmanager
def progress_lines(shown: Progress, console: Console, seconds: float = SECONDS) -> Iterator[None]:
    """Inside, what a display that is not shown would say, as lines on ``console``."""
    stopped = Event()

    def say() -> None:
        while not stopped.wait(seconds):
            for task in shown.tasks:
                if task.total is None or task.completed < task.total:
                    console.print(_line(task), soft_wrap=True)

    speaker = Thread(target=say, name="progress lines", daemon=True)
    speaker.start()
    try:
        yield
    finally:
        stopped.set()
        speaker.join()


def _line(task: Task) -> str:
    done = "" if task.total is None else f"{task.percentage:.0f} %"
    parts = (task.description, done, task.fields.get("detail", ""), f"{task.elapsed or 0:.0f} s")
    return ", ".join(part for part in parts if part)
