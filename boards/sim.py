# SPDX-License-Identifier: Apache-2.0
"""The board that every user has: the simulator, with a memory of one beat a cycle."""

from .base import Board, Budget, Family, MemoryPort
from .target import DesignTarget

__all__ = ["BOARD"]

BOARD = Board(
    name="sim",
    title="simulator",
    part="none",
    family=Family.ULTRASCALE_PLUS,
    clock_mhz=250.0,
    ports=(MemoryPort(name="mem0", width=512, beats_per_cycle=1.0, latency=48),),
    memory_bytes=2 << 30,
    budget=Budget(luts=2_000_000, ffs=4_000_000, dsps=20_000, block_ram=4_000, ultra_ram=2_000),
    target=DesignTarget(multipliers=64, token_batch=8, lanes=4),
)
