# SPDX-License-Identifier: Apache-2.0
"""scripts/board_files.py: files are the same in every call, and some of each kind are tried."""

from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = run_path(str(ROOT / "scripts" / "board_files.py"))


def test_files_are_the_same_in_every_call() -> None:
    made = [SCRIPT["board_file"](number, 0) for number in (3, 4, 3)]
    assert made[0] == made[2] != made[1]
    assert [must for _, must in made] == [False, True, False]


def test_some_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert SCRIPT["main"](["--count", "12", "--simulate", "1", "--first", "10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("10 equal") and " refused: Board file" in lines[3]
    assert lines[-1].startswith("12 board files, 1 equal, ") and "FAULT" not in lines[-1]


def test_what_is_a_fault(tmp_path: Path) -> None:
    text = "from streamhw.boards.sim import BOARD\nBOARD = 1\n"
    said = SCRIPT["tried"](text, tmp_path, must=False, simulate=False)
    assert said.startswith("refused: Board file") and "must define BOARD" in said
    said = SCRIPT["tried"](text, tmp_path, must=True, simulate=False)
    assert said.startswith("FAULT: a legal board is refused")
