# SPDX-License-Identifier: Apache-2.0
"""The emitted Verilog of a build as a component: the top's ports as members."""

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..runtime.manifest import Manifest
from ..stream.axi.register_map import address_width
from ..stream.axi.signature import axi4, axi4_lite, pins

__all__ = ["EmittedDesign"]


class EmittedDesign(wiring.Component):
    """Module ``manifest.top``, whose text comes beside what contains this; clock of ``sync``.

    Members  rst, memory_rst: as of the top; stat_busy, stat_done; and the pins of its buses under
             the names that they have in the Verilog
    """

    def __init__(self, manifest: Manifest):
        self._manifest = manifest
        lite = axi4_lite(address=address_width(manifest.context)).flip()
        members = {"rst": In(1), "memory_rst": In(1), "stat_busy": Out(1), "stat_done": Out(1)}
        members |= pins(lite, manifest.control)
        for port in manifest.ports:
            members |= pins(axi4(width=port.data_width), port.name)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        names = {"rst": self._manifest.reset, "memory_rst": self._manifest.memory_reset}
        m.submodules.top = Instance(
            self._manifest.top,
            **{f"i_{self._manifest.clock}": ClockSignal()},
            **{
                f"{'o' if member.flow is Out else 'i'}_{names.get(name, name)}": getattr(self, name)
                for name, member in self.signature.members.items()
            },
        )
        return m
