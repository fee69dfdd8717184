# SPDX-License-Identifier: Apache-2.0
"""A kernel whose masters are watched for the rules of AXI, with the IDs that bus models want."""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from streamhw.runtime.manifest import Manifest
from streamhw.testing.axi_rules import AxiRule, AxiRules, watched
from streamhw.vitis.kernel_shell import CLOCK, RESET, KernelShell

__all__ = ["WatchedShell"]

RESET_CYCLES = 2
"""After which a reset is seen at the masters: two registers."""


class WatchedShell(wiring.Component):
    """The pins of a ``KernelShell``; ``<port>_awid`` and so on; and ``<port>_broken``, which keeps
    the rules that were ever broken."""

    def __init__(self, manifest: Manifest):
        self._manifest, self._shell = manifest, KernelShell(manifest)
        members = dict(self._shell.signature.members)
        for port in manifest.ports:
            members |= {f"{port.name}_{name}": Out(1) for name in ("awid", "arid")}
            members |= {f"{port.name}_{name}": In(1) for name in ("bid", "rid")}
            members[f"{port.name}_broken"] = Out(len(AxiRule))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains += ClockDomain("watch", reset_less=True)
        m.d.comb += ClockSignal("watch").eq(getattr(self, CLOCK))
        m.submodules.shell = shell = self._shell
        for name, member in shell.signature.members.items():
            ours, theirs = getattr(self, name), getattr(shell, name)
            m.d.comb += ours.eq(theirs) if member.flow is Out else theirs.eq(ours)
        late = Signal(RESET_CYCLES, init=-1)
        m.d.watch += late.eq(late << 1 | ~getattr(self, RESET))
        for port in self._manifest.ports:
            rules = AxiRules(width=port.data_width)
            m.submodules[f"{port.name}_rules"] = DomainRenamer("watch")(rules)
            m.d.comb += rules.reset.eq(late[-1])
            for name in watched(port.data_width):
                m.d.comb += getattr(rules, name).eq(getattr(self, f"{port.name}_{name}"))
            kept = getattr(self, f"{port.name}_broken")
            m.d.watch += kept.eq(kept | rules.broken)
        return m
