# SPDX-License-Identifier: Apache-2.0
"""Boards and memory systems of installed packages; a broken one stops only what uses it."""

from pathlib import Path

import pytest

from streamhw.boards.base import load_board
from streamhw.boards.memory.catalog import load_memory
from streamhw.errors import UserError
from tests.packages import install

MODULE = """
from dataclasses import replace
from streamhw.boards.memory.hbm2 import Hbm2
from streamhw.boards.ulx3s import BOARD
OTHER = Hbm2(name="other", bandwidth=7.0)
BOARD = replace(BOARD, name="orange", memory=OTHER)
"""


def test_an_installed_board_and_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    points = {"board": "orange = oranges:BOARD", "memory": "other = oranges:OTHER"}
    install(monkeypatch, tmp_path, "oranges", MODULE, **points)
    assert load_board("orange").memory.name == "other" == load_memory("other").name
    with pytest.raises(
        UserError, match=r"^Board must be one of sim, arty_a7_100t, u50, u55c, ulx3s, orange, or a"
    ):
        load_board("apple")
    with pytest.raises(UserError, match=r"^Memory must be one of ideal, hbm2, other, not 'none'$"):
        load_memory("none")


def test_a_broken_package_stops_only_its_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "broken", "import nothing_there", board="bad = broken:BOARD")
    assert load_board("sim").name == "sim"
    with pytest.raises(
        UserError,
        match=r"^Entry point bad of package broken must load, not fail with ModuleNotFoundError: ",
    ):
        load_board("bad")


def test_what_is_offered_must_be_of_its_kind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "wrong", "X = 3", board="odd = wrong:X", memory="m = wrong:X")
    with pytest.raises(UserError, match=r"^Entry point odd of package wrong must be of type Board"):
        load_board("odd")
    with pytest.raises(UserError, match=r"of package wrong must be of type MemorySystem, not int$"):
        load_memory("m")


def test_a_name_is_of_one_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("second", "first"):
        install(monkeypatch, tmp_path / name, name, MODULE, board=f"same = {name}:BOARD")
    with pytest.raises(
        UserError, match=r"^Board same must come from one package, not from first and second$"
    ):
        load_board("same")
    install(monkeypatch, tmp_path / "third", "third", MODULE, memory="hbm2 = third:OTHER")
    with pytest.raises(UserError, match=r"^Memory hbm2 must come from one package, not from str"):
        load_memory("hbm2")
