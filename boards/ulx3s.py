# SPDX-License-Identifier: Apache-2.0
"""Radiona ULX3S with an ECP5-85F: small, and the whole flow to a bitstream is open.

The budget is the device's own count (LFE5U-85F: 83,640 LUT4, 208 DP16KD, 156 MULT18X18D). The
memory is a 16-bit SDRAM at twice the design's clock: a beat of 128 bits in four cycles.
"""

import math
from dataclasses import replace

from .base import Board, Budget, Family, MemoryPort
from .memory.sdram import SdramMemory
from .memory.sdram_part import AS4C16M16SA_7
from .parts import BoardParts
from .target import DesignTarget

__all__ = ["BOARD"]

CLOCK_MHZ = 50.0

# Boards carry a chip of Micron, ISSI or Alliance: each time is that of the slowest of them.
PARTS = BoardParts(
    platform="amaranth_boards.ulx3s:ULX3S_85F_Platform",
    sdram=replace(AS4C16M16SA_7, name="ulx3s-sdram", t_rfc=66.0),
    clock_ratio=2,
    clock_degrees=180.0,
    # A register in the pad on the way out, one on the way in, and half a cycle of the chip's clock.
    read_delay=3,
    baud=3_000_000,
    leds=8,
)

MEMORY = SdramMemory.of(
    PARTS.sdram,
    clock_mhz=CLOCK_MHZ * PARTS.clock_ratio,
    design_mhz=CLOCK_MHZ,
    read_delay=PARTS.read_delay,
)

BOARD = Board(
    name="ulx3s",
    title="ULX3S (Lattice ECP5-85F)",
    part="LFE5U-85F-6BG381C",
    family=Family.ECP5,
    clock_mhz=CLOCK_MHZ,
    ports=(
        MemoryPort(
            name="mem0",
            width=128,
            beats_per_cycle=0.25,
            latency=math.ceil(MEMORY.latency * CLOCK_MHZ / 1e3),
            write_latency=math.ceil(MEMORY.write_latency * CLOCK_MHZ / 1e3),
        ),
    ),
    memory_bytes=PARTS.sdram.bytes,
    budget=Budget(luts=83_640, ffs=83_640, dsps=156, block_ram=208),
    target=DesignTarget(multipliers=32, token_batch=4, lanes=2),
    memory=MEMORY,
    parts=PARTS,
)
