# SPDX-License-Identifier: Apache-2.0
"""Digilent Arty A7-100T: Artix-7 with a 16-bit DDR3 chip behind the vendor's controller.

The budget is the device's own count (XC7A100T: 63,400 LUT, 126,800 FF, 240 DSP48E1, 135 RAMB36).
The chip runs at 325 MHz as in Digilent's project of MIG, whose user side has 128 bits at a quarter
of that: at best a beat a cycle. Refreshes, turns of the bus and rows leave about three quarters of
it to reads in sequence: an assumption, as is that a design meets the clock.
"""

from .base import Board, Budget, Family, MemoryPort
from .target import DesignTarget
from .vivado_parts import VivadoParts

__all__ = ["BOARD"]

PARTS = VivadoParts(
    platform="amaranth_boards.arty_a7:ArtyA7_100Platform",
    memory="DDR3_SDRAM/Components/MT41K128M16XX-15E",
    bytes=256 << 20,
    voltage=1.35,
    period_ps=3077,
    ratio=3.25,
    row_bits=14,
    column_bits=10,
    bank_bits=3,
    # of the data sheet of Micron's MT41K128M16 of speed grade 15E
    timing=(
        ("tcke", 5.625),
        ("tfaw", 45.0),
        ("tras", 36.0),
        ("trcd", 13.5),
        ("trefi", 7.8),
        ("trfc", 160.0),
        ("trp", 13.5),
        ("trrd", 7.5),
        ("trtp", 7.5),
        ("twtr", 7.5),
    ),
    latency=5,
    write_latency=5,
)

BOARD = Board(
    name="arty_a7_100t",
    title="Arty A7-100T (XC7A100T, DDR3)",
    part="xc7a100ticsg324-1L",
    family=Family.SERIES_7,
    clock_mhz=PARTS.clock_mhz,
    ports=(MemoryPort(name="mem0", width=128, beats_per_cycle=0.75, latency=30),),
    memory_bytes=PARTS.bytes,
    budget=Budget(luts=63_400, ffs=126_800, dsps=240, block_ram=135),
    target=DesignTarget(multipliers=64, token_batch=4, lanes=4),
    vivado=PARTS,
)
