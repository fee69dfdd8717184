# SPDX-License-Identifier: Apache-2.0
"""OrangeCrab: an ECP5-85F with 128 MiB of DDR3, as a package adds it."""

from ddr3 import DDR3

from streamhw.boards.base import Board, Budget, Family, MemoryPort
from streamhw.boards.target import DesignTarget

BOARD = Board(
    name="orangecrab",
    title="OrangeCrab (ECP5-85F, DDR3)",
    part="LFE5U-85F-8MG285C",
    family=Family.ECP5,
    clock_mhz=50.0,
    ports=(MemoryPort(name="mem0", width=128, beats_per_cycle=1.0, latency=20),),
    memory_bytes=128 << 20,
    memory=DDR3,
    budget=Budget(luts=83_640, ffs=83_640, dsps=156, block_ram=208),
    target=DesignTarget(multipliers=32, token_batch=4, lanes=2),
)
