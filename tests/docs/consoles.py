# SPDX-License-Identifier: Apache-2.0
"""Consoles of pages: blocks with commands behind ``$`` and what they print, as in a terminal.

A line ``...`` stands for any lines. Lines may be wrapped: white space counts as one space.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Typed", "check", "consoles", "printed"]

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A command of a page, and the output that the page shows; "" if it shows none."""

    command: str
    shown: str


def consoles(page: Path) -> Iterator[Typed]:
    """All commands of a page, in order."""
    for block in BLOCK.findall(page.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield Typed(command=command, shown=shown)


def printed(command: str, folder: Path, timeout: float) -> str:
    """What a command of a page prints in a folder, errors last, within so many seconds.

    Its ``python`` is this one, and what it names of the repository is found there.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    here = {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    command = command.replace(" docs/", f" {ROOT}/docs/")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | here,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.stdout + done.stderr


def check(typed: Typed, output: str) -> None:
    """Asserts that the output has what the page shows, in that order."""
    rest = " ".join(output.split())
    for part in re.split(r"^\.\.\.$", typed.shown, flags=re.MULTILINE):
        shown = " ".join(part.split())
        assert shown in rest, f"of {typed.command!r} the page shows {shown!r}, not {rest[-2000:]!r}"
        rest = rest[rest.index(shown) + len(shown) :]
