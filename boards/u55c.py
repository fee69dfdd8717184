# SPDX-License-Identifier: Apache-2.0
"""AMD Alveo U55C: HBM2 behind 512-bit AXI ports.

The budget is what the Vitis shell leaves (FINN's platform table: 8,304 DSP, 1,776 BRAM36,
960 URAM, 1,131k LUT). A pseudo-channel gives 14.375 GB/s (UG1393), 57.5 bytes a cycle at 250 MHz.
250 MHz is an assumption: no open tool places this part. Three dies (super logic regions), HBM at
the lowest; their cells are those of FINN+'s platform table, after UG1120. Between two dies are
23,040 wires, as Vivado counts them for the U50, which has the same dies.
"""

from .base import Board, Budget, Die, Family, MemoryPort
from .memory.hbm2 import Hbm2
from .target import DesignTarget
from .vitis_card import VitisCard

__all__ = ["BOARD"]

BOARD = Board(
    name="u55c",
    title="Alveo U55C (XCU55C, HBM2)",
    part="xcu55c-fsvh2892-2L-e",
    family=Family.ULTRASCALE_PLUS,
    clock_mhz=250.0,
    ports=tuple(
        MemoryPort(
            name=f"mem{i}", width=512, beats_per_cycle=0.898, latency=64, address=i * (512 << 20)
        )
        for i in range(32)
    ),
    striped=True,
    memory_bytes=16 << 30,
    budget=Budget(luts=1_131_000, ffs=2_265_000, dsps=8_304, block_ram=1_776, ultra_ram=960),
    target=DesignTarget(
        multipliers=4096,
        token_batch=16,
        lanes=32,
        token_lanes=4,
        fabric_lanes=2,
        prefetch=4096,
        cache_buffer=512,
        die_fill=0.93,
    ),
    paired=True,
    dies=(
        Die(
            name="slr0",
            budget=Budget(luts=386_000, ffs=773_000, dsps=2_664, block_ram=600, ultra_ram=320),
            memory=True,
        ),
        Die(
            name="slr1",
            budget=Budget(luts=364_000, ffs=729_000, dsps=2_784, block_ram=576, ultra_ram=320),
        ),
        Die(
            name="slr2",
            budget=Budget(luts=381_000, ffs=763_000, dsps=2_856, block_ram=600, ultra_ram=320),
        ),
    ),
    die_wires=23_040,
    memory=Hbm2(),
    card=VitisCard(
        platform="xilinx_u55c_gen3x16_xdma_3_202210_1",
        banks=tuple(f"HBM[{i}]" for i in range(32)),
    ),
)
