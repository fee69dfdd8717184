# SPDX-License-Identifier: Apache-2.0
"""Cells of Yosys' netlists in the units of the estimates.

What counts as what, by family:

ECP5
    LUT: LUT4 is 1, CCU2C (two bits of a carry chain) the 2 LUTs that it takes, TRELLIS_DPR16X4
    (16 words of 4 bits) 6: four that hold bits, two whose place the write port takes. PFUMX and
    L6MUX21, which join LUTs to larger ones, lie in the same slices and are free.
    FF: TRELLIS_FF. DSP: MULT18X18D. Block RAM: DP16KD, PDPW16KD.

UltraScale+
    LUT: LUT1 to LUT6 and INV are 1 (Vivado absorbs many INV and puts two small LUTs into one: it
    needs fewer), SRL16E and SRLC32E 1. Distributed RAM: the LUTs that hold its bits, with a copy
    for each read port: RAM32M 4, RAM64M 4, RAM32M16 and RAM64M8 8, RAM32X1D and RAM64X1D 2, and
    so on. CARRY4 and CARRY8, MUXF7 to MUXF9 lie beside LUTs and are free.
    FF: FDRE, FDSE, FDCE, FDPE. DSP: DSP48E2; registers inside it are not FFs.
    Block RAM: RAMB36E2 1, RAMB18E2 half, rounded up for each part. URAM: URAM288.

A cell of neither list would not be counted, so ``cells_of_types`` refuses what it does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from ..boards.base import Family
from ..compiler.cost import Cells
from ..errors import InternalError

__all__ = ["cells_of_types", "module_types"]


@dataclass(frozen=True)
class _Weight:
    """What one cell takes; ``ram`` in blocks."""

    luts: int = 0
    ffs: int = 0
    dsps: int = 0
    ram: float = 0
    ultra: int = 0


_FREE, _LUT, _FF, _DSP = _Weight(), _Weight(luts=1), _Weight(ffs=1), _Weight(dsps=1)

_WEIGHTS: dict[Family, dict[str, _Weight]] = {
    Family.ECP5: {
        "LUT4": _LUT,
        "CCU2C": _Weight(luts=2),
        "TRELLIS_DPR16X4": _Weight(luts=6),
        "PFUMX": _FREE,
        "L6MUX21": _FREE,
        "TRELLIS_FF": _FF,
        "MULT18X18D": _DSP,
        "DP16KD": _Weight(ram=1),
        "PDPW16KD": _Weight(ram=1),
    },
    Family.ULTRASCALE_PLUS: {
        **{f"LUT{n}": _LUT for n in range(1, 7)},
        "INV": _LUT,
        **dict.fromkeys(("SRL16E", "SRLC16E", "SRLC32E"), _LUT),
        **dict.fromkeys(("RAM32M", "RAM64M"), _Weight(luts=4)),
        **dict.fromkeys(("RAM32M16", "RAM64M8", "RAM32X16DR8", "RAM64X8SW"), _Weight(luts=8)),
        **dict.fromkeys(("RAM32X1S", "RAM64X1S"), _LUT),
        **dict.fromkeys(("RAM32X1D", "RAM64X1D", "RAM128X1S"), _Weight(luts=2)),
        **dict.fromkeys(("RAM128X1D", "RAM256X1S"), _Weight(luts=4)),
        **dict.fromkeys(("RAM256X1D", "RAM512X1S"), _Weight(luts=8)),
        **dict.fromkeys(("CARRY4", "CARRY8", "MUXF7", "MUXF8", "MUXF9"), _FREE),
        **dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), _FF),
        "DSP48E2": _DSP,
        "RAMB36E2": _Weight(ram=1),
        "RAMB18E2": _Weight(ram=0.5),
        "URAM288": _Weight(ultra=1),
    },
}


def cells_of_types(types: Mapping[str, int], family: Family) -> Cells:
    """Counts of a flat netlist's cell types.

    Raises ``InternalError`` for a type that is in neither list above
    """
    weights = _WEIGHTS[family]
    # what a check of the design leaves for simulators, and the netlist's notes on nets
    types = {name: n for name, n in types.items() if name not in ("$scopeinfo", "$print", "$check")}
    if unknown := sorted(set(types) - set(weights)):
        raise InternalError(f"Netlist must have cells of {family.name}, not {', '.join(unknown)}")
    return Cells(
        luts=sum(weights[name].luts * n for name, n in types.items()),
        ffs=sum(weights[name].ffs * n for name, n in types.items()),
        dsps=sum(weights[name].dsps * n for name, n in types.items()),
        block_ram=ceil(sum(weights[name].ram * n for name, n in types.items())),
        ultra_ram=sum(weights[name].ultra * n for name, n in types.items()),
    )


def module_types(statistics: Mapping[str, Mapping[str, int]], module: str) -> dict[str, int]:
    """Cell types of a module with all modules in it.

    statistics: cell types of each module's own netlist, modules among them
    """
    total: dict[str, int] = {}
    for name, number in statistics[module].items():
        below = module_types(statistics, name) if name in statistics else {name: 1}
        for kind, count in below.items():
            total[kind] = total.get(kind, 0) + number * count
    return total
