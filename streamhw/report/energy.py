# SPDX-License-Identifier: Apache-2.0
"""Energy of tokens, estimated: activity counted, each unit's energy from a source or assumed.

    memory       bits that pass the memory ports x energy of a bit
    multipliers  products / products a DSP does at a time x energy of an active DSP
    block RAM    blocks x cycles x share of cycles with an access x energy of an access; also URAM
    logic        (LUTs + FFs) x cycles x energy of a cycle with typical toggling
    static       power that flows whatever the design does x time

Nothing here was measured. A part that is not in the list has no estimate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ..compiler.resources.fpga_cells import Cells

__all__ = ["MODELS", "Energy", "EnergyConstant", "EnergyModel", "UnitActivity", "energy_of"]

PICO = 1e-12

HOROWITZ = "M. Horowitz, Computing's energy problem, ISSCC 2014 (45 nm, 0.9 V)"
_SCALING = "x 0.35 from 45 to 16 nm (assumption)"
_WIRES = "programmable wires and pipeline registers at both sides (assumption)"


@dataclass(frozen=True, kw_only=True)
class EnergyConstant:
    """A number of the model and where it comes from."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True, kw_only=True)
class EnergyModel:
    """Constants of a part."""

    memory_bit: EnergyConstant
    multiplier: EnergyConstant
    block_ram: EnergyConstant
    ultra_ram: EnergyConstant
    ram_share: EnergyConstant
    lut: EnergyConstant
    ff: EnergyConstant
    static: EnergyConstant


MODELS: Mapping[str, EnergyModel] = {
    "xcu55c-fsvh2892-2L-e": EnergyModel(
        memory_bit=EnergyConstant(
            value=7.0,
            unit="pJ/bit",
            source="3.9 for an HBM2 stack (O'Connor et al., Fine-Grained DRAM, MICRO 2017) and 3.1 "
            "for controller, switch and PHY on the FPGA (assumption)",
        ),
        multiplier=EnergyConstant(
            value=4.0,
            unit="pJ/cycle of an active DSP48E2",
            source=f"27 x 18 product 1.5 pJ, from 3.1 pJ of 32 x 32, and 48-bit sum 0.15 pJ "
            f"({HOROWITZ}) {_SCALING}, x 7 for {_WIRES}",
        ),
        block_ram=EnergyConstant(
            value=7.0,
            unit="pJ/access of 72 bits",
            source=f"10 pJ for 64 bits of 8 kB ({HOROWITZ}) {_SCALING}, x 2 for {_WIRES}",
        ),
        ultra_ram=EnergyConstant(
            value=14.0,
            unit="pJ/access of 72 bits",
            source=f"20 pJ for 64 bits of 32 kB ({HOROWITZ}) {_SCALING}, x 2 for {_WIRES}",
        ),
        ram_share=EnergyConstant(
            value=0.5, unit="accesses a cycle of a block", source="assumption"
        ),
        lut=EnergyConstant(
            value=0.0125,
            unit="pJ/cycle",
            source="0.1 pJ for each change of a LUT and its wires, in 12.5 % of cycles, Vivado's "
            "default toggle rate (energy: assumption)",
        ),
        ff=EnergyConstant(
            value=0.01,
            unit="pJ/cycle",
            source="0.005 pJ of clock and 0.04 pJ for each change, in 12.5 % of cycles "
            "(assumption)",
        ),
        static=EnergyConstant(
            value=15.0,
            unit="W",
            source="device, idle HBM and shell (assumption; a small design on the same card: "
            "9.96 W on chip after implementation, arXiv 2603.05931)",
        ),
    ),
}
"""By the part's name."""


@dataclass(frozen=True, kw_only=True)
class UnitActivity:
    """What an answer, or one token of it, did.

    memory_bytes: read and written; products: int8 ones; products_a_dsp: at a time
    """

    memory_bytes: float
    products: float
    products_a_dsp: int
    cycles: float


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Joule, by where they go."""

    memory: float
    multipliers: float
    rams: float
    logic: float
    static: float

    @property
    def total(self) -> float:
        return float(sum(getattr(self, field.name) for field in fields(self)))


def energy_of(model: EnergyModel, activity: UnitActivity, cells: Cells, clock_mhz: float) -> Energy:
    """The estimate for a design of these cells."""
    ram = cells.block_ram * model.block_ram.value + cells.ultra_ram * model.ultra_ram.value
    logic = cells.luts * model.lut.value + cells.ffs * model.ff.value
    active = activity.products / activity.products_a_dsp
    return Energy(
        memory=activity.memory_bytes * 8 * model.memory_bit.value * PICO,
        multipliers=active * model.multiplier.value * PICO,
        rams=ram * model.ram_share.value * activity.cycles * PICO,
        logic=logic * activity.cycles * PICO,
        static=model.static.value * activity.cycles / (clock_mhz * 1e6),
    )
