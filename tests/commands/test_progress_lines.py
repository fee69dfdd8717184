# SPDX-License-Identifier: Apache-2.0
"""Lines of progress: of what is under way, and none afterwards."""

import io
import time
from functools import partial

import pytest
from rich.console import Console
from rich.progress import Progress

from streamhw.commands import show
from streamhw.commands.progress_lines import progress_lines


def test_a_line_for_what_is_under_way() -> None:
    said = io.StringIO()
    console = Console(file=said, markup=False)
    with Progress(disable=True) as shown, progress_lines(shown, console, 0.05):
        shown.add_task("quantize", total=1, completed=1, detail="all")
        shown.add_task("size [FIFOs]", total=4, completed=1, detail="a stage")
        wait_for(said, 1)
        shown.add_task("emit", total=None, detail="")
        wait_for(said, said.getvalue().count("\n") + 2)
    lines = said.getvalue().splitlines()
    assert lines[0] == "size [FIFOs], 25 %, a stage, 0 s"
    assert lines[-1] == "emit, 0 s"
    assert not any("quantize" in line for line in lines)
    time.sleep(0.15)
    assert len(said.getvalue().splitlines()) == len(lines)


def wait_for(said: io.StringIO, lines: int) -> None:
    end = time.monotonic() + 20
    while said.getvalue().count("\n") < lines and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("quiet", [False, True])
def test_pipes_have_them_on_standard_error(
    quiet: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show, "progress_lines", partial(progress_lines, seconds=0.05))
    with show.progress(show.console_for(quiet=quiet)) as shown:
        shown.add_task("emit", total=None, detail="")
        time.sleep(0.3)
    out, error = capsys.readouterr()
    assert out == "" and ("emit, 0 s" in error) == (not quiet)
