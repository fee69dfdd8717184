# SPDX-License-Identifier: Apache-2.0
"""The top of an ECP5 board: clocks from its PLL, and registers in the pads around the core."""

from typing import Any

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Instance,
    Module,
    Signal,
    Value,
)
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from ..boards.parts import BoardParts
from .board_core import BoardCore
from .pll import PllDividers, pll_dividers

__all__ = ["DOMAINS", "Ecp5Board"]

DOMAINS = ("sdram", "sync", "pins")
"""The clocks that the PLL makes, in its order: the memory's, the design's, what the chip has."""
OUTPUTS = ("CLKOP", "CLKOS", "CLKOS2", "CLKOS3")
PULSE_BITS = 22
"""A lamp that shows an event is on for 2**22 cycles: long enough to be seen."""


class Ecp5Board(Elaboratable):
    """A ``BoardCore`` on the pins of a platform of amaranth-boards.

    Lamps, from the lowest: memory right, memory wrong, design busy, answer done, a frame of the
    host was lost (for a moment).
    """

    def __init__(self, core: BoardCore, parts: BoardParts, clock_mhz: float):
        self._core, self._parts, self._clock_mhz = core, parts, clock_mhz

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        self._clocks(m, platform)
        m.submodules.core = core = self._core
        self._sdram(m, platform, core)
        uart = platform.request("uart", 0, dir={"rx": "-", "tx": "-", "rts": "-", "dtr": "-"})
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.FFBuffer("o", uart.tx)
        # The receiver has synchronizers of its own.
        m.d.comb += [core.rx.eq(rx.i), tx.o.eq(core.tx)]
        shown = (core.ready, core.failed, core.busy, core.done, _pulse(m, core.lost))
        for index in range(self._parts.leds):
            led = platform.request("led", index, dir="-")
            m.submodules[f"led_{index}"] = lamp = io.FFBuffer("o", led)
            m.d.comb += lamp.o.eq(shown[index] if index < len(shown) else 0)
        return m

    def _clocks(self, m: Module, platform: Any) -> None:
        """Domains ``sdram``, ``sync`` and ``pins``, the clock that the chip has."""
        parts = self._parts
        name = platform.default_clk
        source = platform.lookup(name)
        fast = self._clock_mhz * parts.clock_ratio
        dividers = pll_dividers(
            source.clock.frequency / 1e6,
            ((fast, 0.0), (self._clock_mhz, 0.0), (fast, parts.clock_degrees)),
        )
        m.submodules.clock = pin = io.Buffer("i", platform.request(name, 0, dir="-"))
        locked = Signal()
        clocks = [Signal(name=f"clock_{domain}") for domain in DOMAINS]
        m.submodules.pll = _pll(dividers, pin.i, clocks, locked)
        for index, (domain, clock) in enumerate(zip(DOMAINS, clocks, strict=True)):
            m.domains += ClockDomain(domain, reset_less=domain == "pins")
            m.d.comb += ClockSignal(domain).eq(clock)
            platform.add_clock_constraint(clock, dividers.mhz(index) * 1e6)
            if domain != "pins":
                m.submodules[f"{domain}_reset"] = ResetSynchronizer(~locked, domain=domain)

    def _sdram(self, m: Module, platform: Any, core: BoardCore) -> None:
        """Registers in the pads on all lines, as their delays must be alike and short."""
        resource = platform.lookup("sdram", 0)
        chip = platform.request("sdram", 0, dir={line.name: "-" for line in resource.ios})
        pins = core.sdram
        # A pair of opposite levels in each cycle: the clock.
        m.submodules.sdram_clk = clock = io.DDRBuffer("o", chip.clk, o_domain="pins")
        m.d.comb += [clock.o[0].eq(1), clock.o[1].eq(0)]
        lines = {"clk_en": pins.cke, "cs": ~pins.cs_n, "ras": ~pins.ras_n, "cas": ~pins.cas_n,
                 "we": ~pins.we_n, "ba": pins.ba, "a": pins.a, "dqm": pins.dqm}  # fmt: skip
        for name, value in lines.items():
            pad = io.FFBuffer("o", getattr(chip, name), o_domain="sdram")
            m.submodules[f"sdram_{name}"] = pad
            m.d.comb += pad.o.eq(value)
        m.submodules.sdram_dq = dq = io.FFBuffer("io", chip.dq, i_domain="sdram", o_domain="sdram")
        m.d.comb += [dq.o.eq(pins.dq.o), dq.oe.eq(pins.dq.oe), pins.dq.i.eq(dq.i)]


def _pll(dividers: PllDividers, source: Value, clocks: list[Signal], locked: Signal) -> Instance:
    """The PLL whose first output is fed back."""
    settings: dict[str, object] = {
        "p_CLKI_DIV": dividers.input,
        "p_CLKFB_DIV": dividers.feedback,
        "p_FEEDBK_PATH": "CLKOP",
        "p_PLLRST_ENA": "DISABLED",
        "p_INTFB_WAKE": "DISABLED",
        "p_STDBY_ENABLE": "DISABLED",
        "p_DPHASE_SOURCE": "DISABLED",
        "i_CLKI": source,
        "i_CLKFB": clocks[0],
        "i_RST": Const(0),
        "i_STDBY": Const(0),
        "o_LOCK": locked,
        "a_ICP_CURRENT": "12",
        "a_LPF_RESISTOR": "8",
    }
    for name, output, clock in zip(OUTPUTS, dividers.outputs, clocks, strict=False):
        settings |= {
            f"p_{name}_ENABLE": "ENABLED",
            f"p_{name}_DIV": output.divider,
            # a divider counts to its end before its first edge
            f"p_{name}_CPHASE": output.divider - 1 + output.late,
            f"p_{name}_FPHASE": 0,
            f"o_{name}": clock,
        }
    return Instance("EHXPLLL", **settings)


def _pulse(m: Module, event: Value) -> Value:
    """1 for a moment after an event."""
    left = Signal(PULSE_BITS)
    with m.If(event):
        m.d.sync += left.eq(-1)
    with m.Elif(left != 0):
        m.d.sync += left.eq(left - 1)
    shown = Signal()
    m.d.sync += shown.eq(left != 0)
    return shown
