# SPDX-License-Identifier: Apache-2.0
"""The fusion problem of a design: what fits a board, and what a queue takes."""

from dataclasses import replace

from streamhw.boards.base import load_board
from streamhw.compiler.fusion.build_problem import board_limit, pooled, queue_cells
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.resources.fpga_cells import Cells


def test_ultra_ram_counts_as_block_ram() -> None:
    cells = pooled(Cells(luts=3, block_ram=5, ultra_ram=2))
    assert cells.ultra_ram == 0 and cells.luts == 3 and cells.block_ram > 5
    assert pooled(cells) == cells


def test_a_limit_of_bits_replaces_the_board_s() -> None:
    board = load_board("u55c")
    free, limited = board_limit(board, None), board_limit(board, 1000)
    assert limited.memory_bits == 1000 < free.memory_bits
    assert replace(limited, memory_bits=free.memory_bits) == free
    assert free.luts <= board.budget.luts


def test_a_deeper_queue_takes_more(design: PlacedNetlist) -> None:
    channel = max(design.channels, key=lambda c: c.consumed.beat_bits)
    bits = [queue_cells(channel, n, design.board.family).memory_bits for n in (2, 100, 1000)]
    assert bits == [n * channel.consumed.beat_bits for n in (2, 100, 1000)]
