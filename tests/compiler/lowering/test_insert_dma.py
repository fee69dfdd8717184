# SPDX-License-Identifier: Apache-2.0
"""DMAs: who asks memory has one, and parameters are under way as long as memory takes."""

from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.ir.infrastructure import ReadDmaSpec, WriteDmaSpec
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.lowering.insert_dma import outstanding_beats, parameter_dma
from streamhw.stream.spec import Role


def test_every_part_that_asks_memory_has_a_dma(design: PlacedNetlist) -> None:
    asking = {i.name for i in design.instances if i.has(Role.MEM_COMMAND)}
    kinds = (ReadDmaSpec, WriteDmaSpec)
    served = {i.serves for i in design.instances if isinstance(i.part, kinds)}
    names = {i.name for i in design.instances if isinstance(i.part, kinds)}
    assert asking - names <= served


@pytest.mark.parametrize("name", ["sim", "u55c"])
def test_whole_bursts_hide_the_latency(name: str) -> None:
    board = load_board(name)
    port = board.ports[0]
    beats = outstanding_beats(board)
    assert beats % 16 == 0
    assert beats >= port.latency * port.beats_per_cycle
    assert parameter_dma(board, 2 * beats).outstanding == beats


def test_slower_memory_has_more_under_way() -> None:
    board = load_board("sim")
    slow = replace(board, ports=tuple(replace(p, latency=p.latency + 500) for p in board.ports))
    assert outstanding_beats(slow) > outstanding_beats(board)
