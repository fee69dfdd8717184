# SPDX-License-Identifier: Apache-2.0
"""A board of one's own: an ECP5 of half the size, with a 32-bit SDRAM."""

from streamhw.boards.base import Board, Budget, Family, MemoryPort
from streamhw.boards.target import DesignTarget

__all__ = ["BOARD"]

BOARD = Board(
    name="small_ecp5",
    title="Small board (ECP5-45F, 32-bit SDRAM at twice the clock)",
    part="LFE5U-45F-6BG381C",
    family=Family.ECP5,
    clock_mhz=50.0,
    ports=(MemoryPort(name="mem0", width=128, beats_per_cycle=0.5, latency=20),),
    memory_bytes=32 << 20,
    budget=Budget(luts=43_848, ffs=43_848, dsps=72, block_ram=108),
    target=DesignTarget(multipliers=16, token_batch=4, lanes=2),
)
