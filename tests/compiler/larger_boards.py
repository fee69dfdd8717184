# SPDX-License-Identifier: Apache-2.0
"""A board of one die and one memory port with more of either."""

from dataclasses import replace

from streamhw.boards.base import Board, Budget, Die

EMPTY = Budget(luts=0, ffs=0, dsps=0, block_ram=0, ultra_ram=0)


def of_dies(board: Board, names: tuple[str, ...]) -> Board:
    """With dies of those names, from the bottom; memory is at the first."""
    dies = tuple(Die(name=n, budget=EMPTY, memory=n == names[0]) for n in names)
    return replace(board, budget=EMPTY, dies=dies)


def striped(board: Board) -> Board:
    """With four memory ports."""
    (port,) = board.ports
    ports = tuple(replace(port, name=f"mem{n}", address=n << 24) for n in range(4))
    return replace(board, ports=ports, striped=True)
