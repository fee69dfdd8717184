# SPDX-License-Identifier: Apache-2.0
"""Boards of files: a copy of a shipped file is a board, whatever is defined beside it."""

import shutil
import sys
from pathlib import Path

import pytest

from streamhw.boards import base
from streamhw.boards.base import BOARDS, load_board

LATE = """
from __future__ import annotations
from dataclasses import dataclass, replace
from .sim import BOARD

@dataclass(frozen=True)
class Place:
    name: str

BOARD = replace(BOARD, title=Place("here").name)
"""


@pytest.mark.parametrize("name", BOARDS)
def test_a_copy_of_a_shipped_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    shutil.copy(Path(base.__file__).parent / f"{name}.py", file)
    assert load_board(str(file)) == load_board(name)


def test_classes_with_late_annotations(tmp_path: Path) -> None:
    file = tmp_path / "late board.py"
    file.write_text(LATE)
    assert load_board(str(file)).title == "here"
    assert not any(name.endswith("late board") for name in sys.modules)
