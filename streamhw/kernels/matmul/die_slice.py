# SPDX-License-Identifier: Apache-2.0
"""Registers between the sequencers of the matmul engine and rows on other dies."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...stream.register_slice import registered
from ...stream.shared_module import SharedComponent

__all__ = ["DieSlice", "sliced"]


class DieSlice(wiring.Component):
    """``cycles`` registers in a row, none of which synthesis may move or merge.

    Parameters  bits; cycles: at least 1
    Members     i: In, o: Out, ``cycles`` later
    Stalls      none: it carries what cannot be stopped
    """

    def __init__(self, bits: int, cycles: int):
        self._cycles = cycles
        self.module = f"register_slice_{bits}x{cycles}"
        super().__init__({"i": In(bits), "o": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.o.eq(registered(m, "stage", self.i, self._cycles))
        return m


def sliced(m: Module, name: str, signals: Mapping[str, Value], cycles: int) -> dict[str, Value]:
    """All signals ``cycles`` later, through one slice; they themselves if ``cycles`` is 0.

    Slices of one size are one Verilog module.
    """
    if cycles == 0:
        return dict(signals)
    bits = sum(len(signal) for signal in signals.values())

    def make() -> DieSlice:
        return DieSlice(bits, cycles)

    model = make()
    component = SharedComponent(make, model.signature.members, model.module, sealed=True)
    m.submodules[name] = component
    m.d.comb += component.i.eq(Cat(signals.values()))
    found, at = {}, 0
    for key, signal in signals.items():
        found[key] = component.o[at : at + len(signal)]
        at += len(signal)
    return found
