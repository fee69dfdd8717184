# SPDX-License-Identifier: Apache-2.0
"""Colors, frames and moving lines: what the environment asks for, in pipes and on terminals."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streamhw.commands.console import console_for

ROOT = str(Path(__file__).parents[2])
COLORED = f"""
import sys
sys.path.insert(0, {ROOT!r})
from streamhw.commands.console import console_for
from streamhw.commands.show import progress, warn
console = console_for()
with progress(console) as shown:
    task = shown.add_task("work", total=2, detail="")
    shown.update(task, completed=1)
    shown.refresh()
    warn(console, "beware")
"""
LIST = f"import sys; sys.path.insert(0, {ROOT!r}); from streamhw.__main__ import main; "
ASCII_LIST = LIST + "sys.exit(main(['list', 'boards']))"
SAID = re.compile(rb"\x1b\[[0-9;]*m")
"""What sets a color."""
MOVES = re.compile(rb"\x1b\[[0-9;?]*[A-Zahl]")
"""What moves the cursor, clears, or hides."""


def environment(**more: str) -> dict[str, str]:
    names = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "PYTHONIOENCODING", "TTY_COMPATIBLE")
    return {k: v for k, v in os.environ.items() if k not in names} | more


def in_a_pipe(code: str, **more: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment(**more), check=True
    )
    return done.stdout


def on_a_terminal(code: str, **more: str) -> bytes:
    """What a program writes on a terminal of its own."""
    control, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(**more),
    )
    os.close(terminal)
    found = b""
    try:
        while chunk := os.read(control, 4096):
            found += chunk
    except OSError:  # on Linux the end of a terminal is an error
        pass
    finally:
        os.close(control)
    assert process.wait() == 0, found
    return found


def test_a_terminal_has_colors_and_moves() -> None:
    found = on_a_terminal(COLORED, TERM="xterm-256color")
    assert SAID.search(found) and MOVES.search(found)


def test_no_color() -> None:
    found = on_a_terminal(COLORED, TERM="xterm-256color", NO_COLOR="1")
    colors = [code for code in SAID.findall(found) if re.search(rb"[;\[][349]\d(;|m)", code)]
    assert b"beware" in found and colors == []


def test_a_dumb_terminal() -> None:
    found = on_a_terminal(COLORED, TERM="dumb")
    assert found == b"beware\r\n"


def test_a_pipe_is_plain() -> None:
    assert in_a_pipe(COLORED, TERM="xterm-256color") == b"beware\n"


def test_forced_colors_in_a_pipe_are_only_colors() -> None:
    found = in_a_pipe(COLORED, TERM="xterm-256color", FORCE_COLOR="1")
    assert found == b"\x1b[33mbeware\x1b[0m\n"
    both = in_a_pipe(COLORED, TERM="xterm-256color", FORCE_COLOR="1", NO_COLOR="1")
    assert both == b"beware\n"


def test_ascii() -> None:
    found = in_a_pipe(ASCII_LIST, PYTHONIOENCODING="ascii")
    assert found.isascii() and b"| sim " in found and b"+---" in found
    assert b"\\u" not in found


def test_the_c_locale() -> None:
    """Without the coercion of Python, standard output is ASCII there."""
    more = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    found = in_a_pipe(ASCII_LIST, **more)
    assert found.isascii() and b"| sim " in found


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("", 140), ("wide", 140)])
def test_columns_of_a_pipe(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert console_for().width == width
    assert console_for(wide=True).width > 400
