# SPDX-License-Identifier: Apache-2.0
"""Kernels that alone exceed a board: which, and by how much."""

from ...boards.base import Board
from ...errors import DoesNotFitError
from .problem import Problem, excess

__all__ = ["check_kernels"]

KINDS = {
    "luts": "LUTs",
    "ffs": "FFs",
    "dsps": "DSPs",
    "block_ram": "blocks of RAM",
    "memory_bits": "bits of memory",
}


def check_kernels(problem: Problem, board: Board) -> None:
    """Raises ``DoesNotFitError`` for the first part that no image has room for."""
    for name, cells in problem.parts.items():
        over = excess(cells, problem.limit)
        if over:
            need = ", ".join(
                f"{used:,} {KINDS[kind]} of {most:,} ({used - most:,} too many)"
                for kind, (used, most) in over.items()
            )
            raise DoesNotFitError(
                f"Kernel {name} must fit on board {board.name} alone, but needs {need}",
                part=name,
            )
