# SPDX-License-Identifier: Apache-2.0
"""On-chip memory between the kernels of a layer, against the tensors that it stands for."""

from streamhw.compiler.fusion.on_chip_memory import intermediate_memory
from streamhw.compiler.ir.levels import PlacedNetlist


def test_originals_grow_with_the_sequence(design: PlacedNetlist) -> None:
    short, long = (intermediate_memory(design, n) for n in (4, 16))
    one, four = (sum(row.original for row in memory.rows) for memory in (short, long))
    assert four > one > 0
    assert long.stored == short.stored


def test_streams_take_less_than_whole_tensors(design: PlacedNetlist) -> None:
    memory = intermediate_memory(design)
    assert len(memory.rows) > 5
    assert intermediate_memory(design) == memory
