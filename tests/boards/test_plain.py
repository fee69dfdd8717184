# SPDX-License-Identifier: Apache-2.0
"""A board as plain data: what a build keeps of it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from streamhw.boards.base import Board, MemoryPort, load_board
from streamhw.boards.memory.recorded import RecordedMemory
from streamhw.boards.plain import plain_board
from streamhw.boards.target import DesignTarget
from streamhw.compiler.ir.level_codec import dumps, loads
from streamhw.errors import UserError
from tests.boards.memory.test_recorded import Own


@pytest.mark.parametrize("name", ["sim", "ulx3s", "u55c"])
def test_boards_of_streamhw_are_plain(name: str) -> None:
    board = load_board(name)
    assert plain_board(board) == board and hash(plain_board(board)) == hash(board)


def test_a_memory_system_of_any_class_becomes_its_answers() -> None:
    board = replace(load_board("sim"), memory=Own())
    plain = plain_board(board)
    assert isinstance(plain.memory, RecordedMemory) and plain_board(plain) == plain
    assert plain.memory_times == board.memory_times
    assert loads(Board, dumps(plain)) == plain


def test_lists_of_a_board_file_become_tuples() -> None:
    ports: Any = list(load_board("sim").ports)
    plain = plain_board(replace(load_board("sim"), ports=ports))
    assert plain == load_board("sim") and isinstance(hash(plain), int)


def test_other_classes_are_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class MyPort(MemoryPort):
        bank: int = 0

    @dataclass(frozen=True, kw_only=True)
    class MyTarget(DesignTarget):
        pass

    board = load_board("sim")
    port, target = MyPort(**vars(board.ports[0])), MyTarget(**vars(board.target))
    with pytest.raises(UserError, match=r"^Board sim must be made of MemoryPort itself, not of My"):
        plain_board(replace(board, ports=(port,)))
    with pytest.raises(UserError, match=r"^Board sim must be made of DesignTarget itself, not of"):
        plain_board(replace(board, target=target))
