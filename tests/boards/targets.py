# SPDX-License-Identifier: Apache-2.0
"""Boards with other wishes than their own."""

from dataclasses import replace

from streamhw.boards.base import Board, load_board

__all__ = ["with_target"]


def with_target(name: str, **wishes: int) -> Board:
    """A shipped board whose target has other sizes."""
    board = load_board(name)
    return replace(board, target=replace(board.target, **wishes))
