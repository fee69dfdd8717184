# SPDX-License-Identifier: Apache-2.0
"""Registers between the sequencers of the matmul engine and rows on other dies."""

from collections.abc import Collection, Mapping

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...stream.register_slice import registered
from ...stream.shared_module import SharedComponent

__all__ = ["DieSlice", "sliced"]


class DieSlice(wiring.Component):
    """``cycles`` registers in a row, none of which synthesis may move or merge.

    Parameters  bits; cycles: at least 1; control: of the bits, the lowest that are reset: they say
                what the others mean
    Members     i: In, o: Out, ``cycles`` later
    Stalls      none: it carries what cannot be stopped
    """

    def __init__(self, bits: int, cycles: int, control: int = 0):
        self._cycles = cycles
        self._control = control
        self.module = f"register_slice_{bits}x{cycles}_{control}"
        super().__init__({"i": In(bits), "o": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        parts = [
            registered(m, name, bits, self._cycles, reset=reset)
            for name, bits, reset in (
                ("control", self.i[: self._control], True),
                ("stage", self.i[self._control :], False),
            )
            if len(bits)
        ]
        m.d.comb += self.o.eq(Cat(parts))
        return m


def sliced(
    m: Module,
    name: str,
    signals: Mapping[str, Value],
    cycles: int,
    control: Collection[str] = (),
) -> dict[str, Value]:
    """All signals ``cycles`` later, through one slice; they themselves if ``cycles`` is 0.

    control: those that are reset. Slices of one size are one Verilog module.
    """
    if cycles == 0:
        return dict(signals)
    ordered = sorted(signals, key=lambda key: key not in control)
    bits = sum(len(signals[key]) for key in ordered)
    reset = sum(len(signals[key]) for key in control)

    def make() -> DieSlice:
        return DieSlice(bits, cycles, reset)

    model = make()
    component = SharedComponent(make, model.signature.members, model.module, sealed=True)
    m.submodules[name] = component
    m.d.comb += component.i.eq(Cat(signals[key] for key in ordered))
    found, at = {}, 0
    for key in ordered:
        found[key] = component.o[at : at + len(signals[key])]
        at += len(signals[key])
    return found
