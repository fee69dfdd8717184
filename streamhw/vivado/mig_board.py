# SPDX-License-Identifier: Apache-2.0
"""The top of a board whose DDR3 controller is the vendor's: clocks, the controller, pads."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import io, wiring

from ..bitstream.hosted_core import HostedCore
from ..boards.vivado_parts import VivadoParts
from ..stream.axi.signature import pins as bus_pins
from .mig_project import ADDRESS_BITS, MODULE

__all__ = ["MigBoard", "memory_pins"]

LINES = {
    "rst": "reset_n",
    "clk": "ck",
    "clk_en": "cke",
    "cs": "cs_n",
    "we": "we_n",
    "ras": "ras_n",
    "cas": "cas_n",
    "a": "addr",
    "ba": "ba",
    "dqs": "dqs",
    "dq": "dq",
    "dm": "dm",
    "odt": "odt",
}
"""Lines of resource ``ddr3``, and what the controller calls them."""
SCALAR = ("reset_n", "we_n", "ras_n", "cas_n")
BOTH_WAYS = ("dq", "dqs")
REFERENCE_MHZ = 200
"""Of the clock that delays in pads are measured with."""
VCO_MHZ = 1000
CLOCKS = ("system", "reference", "made", "fed", "locked")


class MigBoard(Elaboratable):
    """A ``HostedCore`` on the pins of a platform of amaranth-boards, behind MIG's controller.

    Domain ``sync`` is the controller's clock for its user, in reset until it has trained its pads.
    Lamps, from the lowest: memory right, memory wrong, design busy, answer done.
    """

    def __init__(self, core: HostedCore, parts: VivadoParts):
        self._core, self._parts = core, parts

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.core = core = self._core
        m.domains += ClockDomain("sync")
        self._controller(m, platform, core, *self._clocks(m, platform))
        uart = platform.request("uart", 0, dir={"rx": "-", "tx": "-"})
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.FFBuffer("o", uart.tx)
        # The receiver has synchronizers of its own.
        m.d.comb += [core.rx.eq(rx.i), tx.o.eq(core.tx)]
        shown = (core.ready, core.failed, core.busy, core.done)
        for index in range(self._parts.leds):
            led = platform.request("led", index, dir="-")
            m.submodules[f"led_{index}"] = lamp = io.FFBuffer("o", led)
            m.d.comb += lamp.o.eq(shown[index] if index < len(shown) else 0)
        return m

    def _clocks(self, m: Module, platform: Any) -> tuple[Signal, Signal, Signal]:
        """The board's clock, the reference, and whether both are there."""
        name = platform.default_clk
        mhz = platform.lookup(name).clock.frequency / 1e6
        m.submodules.clock = pin = io.Buffer("i", platform.request(name, 0, dir="-"))
        system, reference, made, fed, locked = (Signal(name=n) for n in CLOCKS)
        m.submodules.system_buffer = Instance("BUFG", i_I=pin.i, o_O=system)
        m.submodules.pll = Instance(
            "PLLE2_BASE",
            p_CLKIN1_PERIOD=1e3 / mhz,
            p_CLKFBOUT_MULT=round(VCO_MHZ / mhz),
            p_CLKOUT0_DIVIDE=VCO_MHZ // REFERENCE_MHZ,
            i_CLKIN1=system,
            i_CLKFBIN=fed,
            i_RST=0,
            i_PWRDWN=0,
            o_CLKFBOUT=fed,
            o_CLKOUT0=made,
            o_LOCKED=locked,
        )
        m.submodules.reference_buffer = Instance("BUFG", i_I=made, o_O=reference)
        return system, reference, locked

    def _controller(
        self,
        m: Module,
        platform: Any,
        core: HostedCore,
        system: Signal,
        reference: Signal,
        locked: Signal,
    ) -> None:
        resource = platform.lookup("ddr3", 0)
        chip = platform.request("ddr3", 0, dir={line.name: "-" for line in resource.ios})
        clock, reset, trained, awake = (Signal(name=n) for n in ("ui", "reset", "trained", "awake"))
        m.d.comb += ClockSignal().eq(clock)
        # In a domain of its own: it resets the other.
        m.domains += ClockDomain("controller", reset_less=True)
        m.d.comb += ClockSignal("controller").eq(clock)
        held = Signal(init=1)
        m.d.controller += [held.eq(reset | ~trained), awake.eq(~reset)]
        m.d.comb += ResetSignal().eq(held)

        lines: dict[str, object] = {}
        for line, name in LINES.items():
            port = getattr(chip, line)
            way = "io" if name in BOTH_WAYS else "o"
            if isinstance(port, io.DifferentialPort):
                lines |= {f"{way}_ddr3_{name}_p": port.p, f"{way}_ddr3_{name}_n": port.n}
            else:
                lines[f"{way}_ddr3_{name}"] = port.io
        m.submodules.memory = Instance(
            MODULE,
            i_sys_clk_i=system,
            i_clk_ref_i=reference,
            i_sys_rst=locked,
            i_aresetn=awake,
            i_app_sr_req=0,
            i_app_ref_req=0,
            i_app_zq_req=0,
            o_ui_clk=clock,
            o_ui_clk_sync_rst=reset,
            o_init_calib_complete=trained,
            **lines,
            **_slave(core.memory),
        )


def _slave(bus: wiring.PureInterface) -> dict[str, object]:
    """The bus of a master as arguments of the controller."""
    found: dict[str, object] = {f"i_s_axi_{channel}qos": Const(0, 4) for channel in ("ar", "aw")}
    for name, member in bus_pins(bus.signature, "s_axi").items():
        channel, field = _split(name.removeprefix("s_axi_"))
        port = getattr(bus, channel)
        value = getattr(port, field) if field in ("valid", "ready") else port.p[field]
        value = Value.cast(value)
        forward = member.flow is wiring.Out
        found[f"{'i' if forward else 'o'}_{name}"] = (
            value[:ADDRESS_BITS] if field == "addr" else value
        )
    return found


def _split(name: str) -> tuple[str, str]:
    length = 2 if name[:2] in ("ar", "aw") else 1
    return name[:length], name[length:]


def memory_pins(platform: Any) -> Mapping[str, str]:
    """The balls of resource ``ddr3``, by the names of the controller's pins."""
    found: dict[str, str] = {}
    for line in platform.lookup("ddr3", 0).ios:
        name = LINES[line.name]
        pins = line.ios[0]
        sides = {"": pins} if hasattr(pins, "names") else {"_p": pins.p, "_n": pins.n}
        for side, balls in sides.items():
            for index, ball in enumerate(balls.names):
                bit = "" if name in SCALAR else f"[{index}]"
                found[f"ddr3_{name}{side}{bit}"] = ball
    return found
