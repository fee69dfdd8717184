# SPDX-License-Identifier: Apache-2.0
"""A board as plain data: all that a build keeps of it, readable without the board's own file."""

from dataclasses import replace

from ..errors import UserError
from .base import Board, Budget, Die
from .memory.port import MemoryPort
from .memory.recorded import recorded
from .memory.sdram_part import SdramPart
from .parts import BoardParts
from .target import DesignTarget

__all__ = ["plain_board"]


def plain_board(board: Board) -> Board:
    """The same board, with what its memory system says in place of a system of another package or
    of the board's file.

    Raises ``UserError`` if a part of it is of another class than streamhw's own, or the memory
    system does not answer.
    """
    ports, dies = tuple(board.ports), tuple(board.dies)
    parts: list[tuple[object, type]] = [(board, Board), (board.target, DesignTarget)]
    parts += [(port, MemoryPort) for port in ports] + [(die, Die) for die in dies]
    parts += [(budget, Budget) for budget in (board.budget, *(die.budget for die in dies))]
    if board.parts is not None:
        parts += [(board.parts, BoardParts), (board.parts.sdram, SdramPart)]
    for part, kind in parts:
        if type(part) is not kind:
            raise UserError(
                f"Board {board.name} must be made of {kind.__name__} itself, not of "
                f"{type(part).__name__}",
                hint="only the memory system may be of a class of your own",
            )
    memory = recorded(board.memory, ports[0], board.stripes, board.clock_mhz)
    return replace(board, ports=ports, dies=dies, memory=memory)
