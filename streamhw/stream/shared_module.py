# SPDX-License-Identifier: Apache-2.0
"""A part that repeats: one Verilog module and many instances of it."""

from collections.abc import Callable, Mapping

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

__all__ = ["SharedComponent"]


class SharedComponent(wiring.Component):
    """A component, as an instance of one Verilog module that equal components share.

    Amaranth emits a module for each instance of a component; for wide parts that repeat, that is
    most of the export. The platform of an elaboration that collects modules says so by a method
    ``shared(name, make)``, which returns the name of the module; elsewhere the component is an
    ordinary submodule.

    Parameters  make: gives the component, which has only the domain ``sync``; members: its; name:
                of the module, the same for equal components only
    Members     those of the component
    """

    def __init__(
        self,
        make: Callable[[], wiring.Component],
        members: Mapping[str, wiring.Member],
        name: str,
    ):
        self._make = make
        self._name = name
        super().__init__(dict(members))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        outer = {path: value for path, _, value in self.signature.flatten(self)}
        flows = {path: member.flow for path, member, _ in self.signature.flatten(self)}
        if hasattr(platform, "shared"):
            side = {path: "i" if flow is In else "o" for path, flow in flows.items()}
            ports = {
                f"{side[path]}_{'__'.join(map(str, path))}": Value.cast(value)
                for path, value in outer.items()
            }
            m.submodules.shared = Instance(
                platform.shared(self._name, self._make),
                i_clk=ClockSignal(),
                i_rst=ResetSignal(),
                **ports,
            )
            return m
        m.submodules.inner = inner = self._make()
        for path, _, value in inner.signature.flatten(inner):
            ours, theirs = Value.cast(outer[path]), Value.cast(value)
            m.d.comb += theirs.eq(ours) if flows[path] is In else ours.eq(theirs)
        return m
