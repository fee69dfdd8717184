# SPDX-License-Identifier: Apache-2.0
"""AMD Alveo U50: HBM2 behind 512-bit AXI ports, two dies.

The dies have what Vivado counts (FINN's platform table: 374,400 and 368,160 LUT, 2,592 and 2,760
DSP, 564 BRAM36 and 304 URAM each), and 23,040 wires between them. HBM is at the lower one: 8 GiB in
32 pseudo-channels of 256 MiB, each of 14.375 GB/s at best (UG1393); the power of the card may leave
less. 250 MHz is an assumption, as of the U55C.
"""

from .base import Board, Budget, Die, Family, MemoryPort
from .memory.hbm2 import Hbm2
from .target import DesignTarget
from .vitis_card import VitisCard

__all__ = ["BOARD"]

BOARD = Board(
    name="u50",
    title="AMD Alveo U50 (XCU50, HBM2)",
    part="xcu50-fsvh2104-2-e",
    family=Family.ULTRASCALE_PLUS,
    clock_mhz=250.0,
    ports=tuple(
        MemoryPort(
            name=f"mem{i}", width=512, beats_per_cycle=0.898, latency=64, address=i * (256 << 20)
        )
        for i in range(32)
    ),
    striped=True,
    memory_bytes=8 << 30,
    budget=Budget(luts=742_560, ffs=1_485_120, dsps=5_352, block_ram=1_128, ultra_ram=608),
    target=DesignTarget(
        multipliers=2048,
        token_batch=16,
        lanes=32,
        token_lanes=2,
        fabric_lanes=1,
        prefetch=2048,
        cache_buffer=512,
        die_fill=0.9,
    ),
    paired=True,
    dies=(
        Die(
            name="slr0",
            budget=Budget(luts=374_400, ffs=748_800, dsps=2_592, block_ram=564, ultra_ram=304),
            memory=True,
        ),
        Die(
            name="slr1",
            budget=Budget(luts=368_160, ffs=736_320, dsps=2_760, block_ram=564, ultra_ram=304),
        ),
    ),
    die_wires=23_040,
    memory=Hbm2(),
    card=VitisCard(
        platform="xilinx_u50_gen3x16_xdma_5_202210_1",
        banks=tuple(f"HBM[{i}]" for i in range(32)),
    ),
)
