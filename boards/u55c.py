# SPDX-License-Identifier: Apache-2.0
"""AMD Alveo U55C: HBM2 behind 512-bit AXI ports.

The budget is what the Vitis shell leaves (FINN's platform table: 8,304 DSP, 1,776 BRAM36,
960 URAM, 1,131k LUT). A pseudo-channel gives 14.375 GB/s (UG1393), 57.5 bytes a cycle at 250 MHz.
250 MHz is an assumption: no open tool places this part.
"""

from .base import Board, Budget, Family, MemoryPort

__all__ = ["BOARD"]

BOARD = Board(
    name="u55c",
    title="Alveo U55C (XCU55C, HBM2)",
    part="xcu55c-fsvh2892-2L-e",
    family=Family.ULTRASCALE_PLUS,
    clock_mhz=250.0,
    ports=tuple(
        MemoryPort(name=f"mem{i}", width=512, beats_per_cycle=0.898, latency=64) for i in range(4)
    ),
    memory_bytes=16 << 30,
    budget=Budget(luts=1_131_000, ffs=2_265_000, dsps=8_304, block_ram=1_776, ultra_ram=960),
    multipliers=512,
    group=16,
    lanes=8,
)
