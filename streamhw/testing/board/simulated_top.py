# SPDX-License-Identifier: Apache-2.0
"""The top module of a simulated board: a ``BoardCore`` whose pins have plain names."""

from typing import Any

from amaranth.back import verilog
from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from ...bitstream.board_core import BoardCore
from ...peripherals.sdram.pins import SdramPins

__all__ = ["TOP", "simulated_top"]

TOP = "board"
"""No module of an emitted design has this name, or begins with it and a dot."""
SHOWN = ("tx", "lost", "ready", "failed", "busy", "done")


def simulated_top(core: BoardCore) -> str:
    """Verilog with ports ``clk``, ``chip_clk``, ``rst`` (of both, asynchronous), ``rx``, ``tx``,
    ``lost``, the lamps, and the chip's as ``chip_*``; the emitted design is not in it."""
    return str(verilog.convert(_SimulatedTop(core), name=TOP, emit_src=False))


class _SimulatedTop(wiring.Component):
    def __init__(self, core: BoardCore):
        self._core = core
        chip = {name: Out(len(pin)) if out else In(len(pin)) for name, pin, out in _pins(core)}
        shown = {name: Out(1) for name in SHOWN}
        inputs = {"clk": In(1), "rst": In(1), "chip_clk": In(1), "rx": In(1, init=1)}
        super().__init__(inputs | shown | chip)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = self._core
        for name, clock in (("sync", self.clk), ("sdram", self.chip_clk)):
            m.domains += ClockDomain(name)
            m.d.comb += ClockSignal(name).eq(clock)
            # As on the board; besides, what an input leads to without a register is slow.
            m.submodules[f"{name}_reset"] = ResetSynchronizer(self.rst, domain=name)
        m.d.comb += core.rx.eq(self.rx)
        m.d.comb += [getattr(self, name).eq(getattr(core, name)) for name in SHOWN]
        for name, pin, out in _pins(core):
            mine = getattr(self, name)
            m.d.comb += mine.eq(pin) if out else pin.eq(mine)
        return m


def _pins(core: BoardCore) -> list[tuple[str, Any, bool]]:
    """Name, signal, and whether it goes to the chip."""
    return [
        ("_".join(("chip", *map(str, path))), pin, member.flow == Out)
        for path, member, pin in SdramPins().flatten(core.sdram)
    ]
