# SPDX-License-Identifier: Apache-2.0
"""Cells of a family for a kernel's estimate: multipliers to DSPs, memories to RAM kinds."""

from dataclasses import dataclass, fields
from enum import Enum
from math import ceil

from ...boards.base import Budget, Family
from ...stream.spec import Memory, Resources

__all__ = [
    "KINDS",
    "URAM_WORDS",
    "Cells",
    "RamKind",
    "cells_of",
    "logic_cells",
    "ram_cells",
    "ram_kind",
    "ram_options",
]

DISTRIBUTED_WORDS = 64
"""Words up to which a memory is in LUTs: kernels may read such memories without a register."""
LONGEST_DISTRIBUTED = 512
"""Words of the deepest memory in LUTs: beyond, banks and multiplexers cost more than a block."""
ULTRA_BITS = 1 << 17
"""Bits from which a memory is worth a URAM of 288 Kbit."""
URAM_WORDS = 4096
"""Words of 72 bits of a URAM."""
MUX_LUTS = {Family.ECP5: 0.9, Family.SERIES_7: 0.22, Family.ULTRASCALE_PLUS: 0.22}
"""LUTs of a bit of a two-way multiplexer, as Yosys counts them in whole designs: those of six
inputs, with the multiplexers behind them, hold a wide one of several."""
PICK_LUTS = {Family.ECP5: 0.72, Family.SERIES_7: 0.36, Family.ULTRASCALE_PLUS: 0.36}
"""LUTs of a bit of a word that a multiplexer of many ways leaves out."""
SHORTEST_SHIFT = 3
"""Cycles from which a delay is a shift register in LUTs (SRLC32E), where there are any."""

KINDS = {
    "luts": "LUTs",
    "ffs": "FFs",
    "dsps": "DSPs",
    "block_ram": "block RAMs",
    "ultra_ram": "URAMs",
}
"""Kinds of cells that budgets limit, as reports call them."""


class RamKind(Enum):
    """What an on-chip memory is made of."""

    DISTRIBUTED = "LUTRAM"
    BLOCK = "block RAM"
    ULTRA = "URAM"

    @property
    def style(self) -> str:
        """The value of the attribute ``ram_style`` that asks synthesis for it."""
        return {"LUTRAM": "distributed", "block RAM": "block", "URAM": "ultra"}[self.value]


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

    def fill(self, budget: Budget) -> float:
        """The largest share of a budget."""
        have = {f.name: getattr(budget, f.name) for f in fields(budget)}
        return float(max(getattr(self, name) / max(n, 1e-6) for name, n in have.items()))


def ram_options(memory: Memory, family: Family) -> dict[RamKind, Cells]:
    """The kinds that a memory may be of, with their cells; never empty.

    A read without a register needs LUTs, and so do few words: nothing else is as small. URAM has
    no initial content.
    """
    options = {}
    if memory.depth <= LONGEST_DISTRIBUTED or memory.asynchronous:
        options[RamKind.DISTRIBUTED] = _distributed(memory, family)
    if not memory.asynchronous and memory.depth > DISTRIBUTED_WORDS:
        options[RamKind.BLOCK] = _block(memory, family)
        if family is Family.ULTRASCALE_PLUS and not memory.rom:
            count = ceil(memory.width / 72) * ceil(memory.depth / URAM_WORDS) * memory.readers
            options[RamKind.ULTRA] = Cells(ultra_ram=count, memory_bits=memory.bits)
    return options


def ram_kind(memory: Memory, family: Family) -> RamKind:
    """The kind that a memory gets as long as no board is known: small ones in LUTs, large ones in
    URAM where there is any."""
    options = ram_options(memory, family)
    if RamKind.BLOCK not in options:
        return RamKind.DISTRIBUTED
    if RamKind.ULTRA in options and memory.bits >= ULTRA_BITS and memory.depth >= 1024:
        return RamKind.ULTRA
    return RamKind.BLOCK


def ram_cells(memory: Memory, family: Family) -> Cells:
    """Cells of one memory of the kind that ``ram_kind`` says."""
    return ram_options(memory, family)[ram_kind(memory, family)]


def _distributed(memory: Memory, family: Family) -> Cells:
    width, depth = memory.width, memory.depth
    if family is Family.ULTRASCALE_PLUS:
        # RAM32M16: 14 bits of 32 words in 8 LUTs; RAM64M8: 7 bits of 64 words in 8. A LUT selects
        # between four banks of 64.
        banks = ceil(depth / 64)
        luts = ceil(width / (14 if depth <= 32 else 7)) * 8 * banks
        luts += width * ceil((banks - 1) / 3)
    elif family is Family.SERIES_7:
        # RAM32M: 6 bits of 32 words in 4 LUTs; RAM64M: 3 bits of 64 words in 4.
        banks = ceil(depth / 64)
        luts = ceil(width / (6 if depth <= 32 else 3)) * 4 * banks
        luts += width * ceil((banks - 1) / 3)
    else:
        # DPR16X4: 4 bits of 16 words in 6 LUT4s, and multiplexers beyond 16 words.
        banks = ceil(depth / 16)
        luts = ceil(width / 4) * 6 * banks + width * (banks - 1)
    # The register of a synchronous read is outside.
    ffs = 0 if memory.asynchronous else width * memory.readers
    return Cells(luts=luts * memory.readers, ffs=ffs, memory_bits=memory.bits)


def _block(memory: Memory, family: Family) -> Cells:
    width, depth = memory.width, memory.depth
    shapes: tuple[tuple[int, int], ...]
    if family is not Family.ECP5:
        shapes = ((72, 512), (36, 1024), (18, 2048), (9, 4096))
    else:
        shapes = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
    copies = memory.readers
    if memory.rom and memory.readers > 1:
        # Both ports read; the widest shape needs both for one.
        shapes, copies = shapes[1:], ceil(memory.readers / 2)
    blocks = min(ceil(width / w) * ceil(depth / d) for w, d in shapes)
    cells = Cells(block_ram=blocks * copies, memory_bits=memory.bits)
    if family is Family.ECP5 and not memory.rom:
        # Its blocks do not give the old word of an address that is written, nor keep their output
        # where nothing is read: logic holds both, and chooses.
        cells += Cells(luts=2 * width * copies, ffs=2 * width * copies)
    return cells


def dsps(operands: tuple[int, int], family: Family) -> int:
    """Multiplier blocks of one product of the given operand widths (bits)."""
    wide, narrow = max(operands), min(operands)
    if family is Family.ECP5:
        return ceil(wide / 18) * ceil(narrow / 18)
    widest = 25 if family is Family.SERIES_7 else 27  # DSP48E1 and DSP48E2, both with a sign
    if wide <= widest and narrow <= 18:
        return 1
    return ceil((wide - 1) / (widest - 1)) * ceil((narrow - 1) / 17)


def logic_cells(resources: Resources, family: Family) -> Cells:
    """Cells of a part without its memories."""
    multipliers = sum(dsps(m, family) for m in resources.multipliers)
    chosen = MUX_LUTS[family] * resources.muxes + PICK_LUTS[family] * resources.picks
    luts, ffs = resources.luts + round(chosen), resources.ffs
    if family is Family.ECP5:  # a DSP48 has an adder, and registers around it; a carry has no LUT
        luts, ffs = luts + resources.dsp_luts + resources.increments, ffs + resources.dsp_ffs
    for bits, cycles in resources.delays:
        if family is not Family.ECP5 and cycles >= SHORTEST_SHIFT:
            luts += bits * ceil(cycles / 32)
        else:
            ffs += bits * cycles
    return Cells(luts=luts, ffs=ffs, dsps=multipliers)


def cells_of(resources: Resources, family: Family) -> Cells:
    """Cells of a part."""
    total = logic_cells(resources, family)
    for memory in resources.memories:
        total += ram_cells(memory, family)
    return total
