# SPDX-License-Identifier: Apache-2.0
"""Radiona ULX3S with an ECP5-85F: small, and the whole flow to a bitstream is open.

The budget is the device's own count (LFE5U-85F: 83,640 LUT4, 208 DP16KD, 156 MULT18X18D). The
memory is a 16-bit SDRAM behind an AXI bridge that is not part of streamhw yet: 16 bit a cycle at
best, so a 128-bit beat takes eight cycles.
"""

from .base import Board, Budget, Family, MemoryPort
from .target import DesignTarget

__all__ = ["BOARD"]

BOARD = Board(
    name="ulx3s",
    title="ULX3S (Lattice ECP5-85F)",
    part="LFE5U-85F-6BG381C",
    family=Family.ECP5,
    clock_mhz=50.0,
    ports=(MemoryPort(name="mem0", width=128, beats_per_cycle=0.125, latency=24),),
    memory_bytes=32 << 20,
    budget=Budget(luts=83_640, ffs=83_640, dsps=156, block_ram=208),
    target=DesignTarget(multipliers=32, token_batch=4, lanes=2),
)
