# SPDX-License-Identifier: Apache-2.0
"""Cells of a family for a kernel's estimate: multipliers to DSPs, memories to RAM kinds."""

from dataclasses import dataclass
from enum import Enum
from math import ceil

from ..boards.base import Family
from ..kernels.base import Memory, Resources

__all__ = ["Cells", "RamKind", "cells_of", "ram_cells", "ram_kind"]

DISTRIBUTED_WORDS = 64
"""Deepest memory in LUTs: kernels read such memories without a register."""
ULTRA_BITS = 1 << 17
"""Bits from which a memory is worth a URAM of 288 Kbit."""


class RamKind(Enum):
    """What an on-chip memory is made of."""

    DISTRIBUTED = "LUTRAM"
    BLOCK = "block RAM"
    ULTRA = "URAM"


@dataclass(frozen=True)
class Cells:
    """Counts in the board family's units (see ``Budget``)."""

    luts: int = 0
    ffs: int = 0
    dsps: int = 0
    block_ram: int = 0
    ultra_ram: int = 0
    memory_bits: int = 0

    def __add__(self, other: "Cells") -> "Cells":
        return Cells(
            self.luts + other.luts,
            self.ffs + other.ffs,
            self.dsps + other.dsps,
            self.block_ram + other.block_ram,
            self.ultra_ram + other.ultra_ram,
            self.memory_bits + other.memory_bits,
        )


def ram_kind(memory: Memory, family: Family) -> RamKind:
    """The kind that a memory gets: small ones in LUTs, large ones in URAM where there is any."""
    if memory.depth <= DISTRIBUTED_WORDS:
        return RamKind.DISTRIBUTED
    if family is Family.ULTRASCALE_PLUS and memory.bits >= ULTRA_BITS and memory.depth >= 1024:
        return RamKind.ULTRA
    return RamKind.BLOCK


def ram_cells(memory: Memory, family: Family) -> Cells:
    """Cells of one memory with a write and a read port."""
    kind = ram_kind(memory, family)
    width, depth = memory.width, memory.depth
    if kind is RamKind.DISTRIBUTED:
        if family is Family.ULTRASCALE_PLUS:
            # RAM32M16: 14 bits of 32 words in 8 LUTs; RAM64M8: 7 bits of 64 words in 8.
            luts = ceil(width / (14 if depth <= 32 else 7)) * 8
        else:
            # DPR16X4: 4 bits of 16 words in 6 LUT4s, and multiplexers beyond 16 words.
            banks = ceil(depth / 16)
            luts = ceil(width / 4) * 6 * banks + width * (banks - 1)
        return Cells(luts=luts, memory_bits=memory.bits)
    if kind is RamKind.ULTRA:
        return Cells(ultra_ram=ceil(width / 72) * ceil(depth / 4096), memory_bits=memory.bits)
    shapes = (
        ((72, 512), (36, 1024), (18, 2048), (9, 4096))
        if family is Family.ULTRASCALE_PLUS
        else ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
    )
    blocks = min(ceil(width / w) * ceil(depth / d) for w, d in shapes)
    if family is Family.ULTRASCALE_PLUS and width <= 36 and depth <= 512:
        # An RAMB18 is half a block; two of them pair only by luck, so count it whole.
        blocks = 1
    return Cells(block_ram=blocks, memory_bits=memory.bits)


def dsps(operands: tuple[int, int], family: Family) -> int:
    """Multiplier blocks of one product of the given operand widths (bits)."""
    wide, narrow = max(operands), min(operands)
    if family is Family.ULTRASCALE_PLUS:
        return 1 if wide <= 27 and narrow <= 18 else ceil((wide - 1) / 26) * ceil((narrow - 1) / 17)
    return ceil(wide / 18) * ceil(narrow / 18)


def cells_of(resources: Resources, family: Family) -> Cells:
    """Cells of a part."""
    total = Cells(luts=resources.luts, ffs=resources.ffs)
    total += Cells(dsps=sum(dsps(m, family) for m in resources.multipliers))
    for memory in resources.memories:
        total += ram_cells(memory, family)
    return total
