# SPDX-License-Identifier: Apache-2.0
"""A part that repeats: one Verilog module and many instances of it."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

__all__ = ["SharedComponent", "SharesModules"]


@runtime_checkable
class SharesModules(Protocol):
    """The platform of an elaboration that collects modules which are placed as instances."""

    def shared(self, name: str, make: Callable[[], wiring.Component], sealed: bool) -> str:
        """The name of the Verilog module of a part; it may be longer than ``name``."""
        ...


class SharedComponent(wiring.Component):
    """A component, as an instance of one Verilog module that equal components share.

    Amaranth emits a module for each instance of a component; for wide parts that repeat, that is
    most of the export, and of the synthesis. Where the platform does not collect modules, as in
    Amaranth's simulator, the component is an ordinary submodule.

    Parameters  make: gives the component, which has only the domain ``sync``; members: its; name:
                of the module, the same for equal components only; sealed: whether the text of the
                module is made for simulators that run many instances of it, its memories as
                synthesis likes; apart: whether synthesis must not merge what is equal in several
    Members     those of the component
    """

    def __init__(
        self,
        make: Callable[[], wiring.Component],
        members: Mapping[str, wiring.Member],
        name: str,
        *,
        sealed: bool = False,
        apart: bool = False,
    ):
        self._make = make
        self._name = name
        self._sealed = sealed
        self._attributes = {"keep_hierarchy": "yes"} if apart else {}
        super().__init__(dict(members))

    def elaborate(self, platform: object) -> Module | Instance:
        outer = {path: value for path, _, value in self.signature.flatten(self)}
        flows = {path: member.flow for path, member, _ in self.signature.flatten(self)}
        if isinstance(platform, SharesModules):
            side = {path: "i" if flow is In else "o" for path, flow in flows.items()}
            ports = {
                f"{side[path]}_{'__'.join(map(str, path))}": Value.cast(value)
                for path, value in outer.items()
            }
            return Instance(
                platform.shared(self._name, self._make, self._sealed),
                *(("a", name, value) for name, value in self._attributes.items()),
                i_clk=ClockSignal(),
                i_rst=ResetSignal(),
                **ports,
            )
        m = Module()
        m.submodules.inner = inner = self._make()
        for path, _, value in inner.signature.flatten(inner):
            ours, theirs = Value.cast(outer[path]), Value.cast(value)
            m.d.comb += theirs.eq(ours) if flows[path] is In else ours.eq(theirs)
        return m
