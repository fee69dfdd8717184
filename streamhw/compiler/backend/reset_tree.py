# SPDX-License-Identifier: Apache-2.0
"""The reset of a design as a tree of registers: over the dies, then one at each part."""

from amaranth.hdl import ClockDomain, DomainRenamer, Elaboratable, Module, Signal, Value

from ...stream.kept_register import KeptRegister
from ..floorplan.top_overhead import CONTROL
from ..floorplan.top_registers import REST, reset_latency, reset_register
from ..ir.levels import PlacedNetlist

__all__ = ["ResetTree"]


class ResetTree:
    """Clock domains of the parts of a design, each with a reset register of its own.

    All leaves are equally far from the root, so all parts enter reset in one cycle and leave it in
    one cycle: no stream has an end that is awake while the other one is not. The registers are
    never reset and start with 1; synthesis must not merge them, equal as they are::

        root -+-> register -> register -+-> register: part, with the queues of its inputs
              |                         +-> register: arbiters of a memory port
              +-> register -> register -> ...: another die

    Parameters  m: the top, in which the domains are; design: of the parts; clk: the clock of all;
                steady: a domain of that clock that is never reset
    """

    def __init__(self, m: Module, design: PlacedNetlist, clk: Signal, steady: str):
        self._m = m
        self._clk = clk
        self._steady = steady
        self._dies = design.placement.dies
        self._latency = reset_latency(design.board)
        self._home = self._dies[CONTROL][0]
        self._leaves: dict[str, tuple[ClockDomain, str]] = {}
        self._domain(REST, "sync", self._home)

    def placed(self, component: Elaboratable, owner: str, die: str | None = None) -> Elaboratable:
        """A component that is reset with all that has the same owner.

        owner: a part of the design, or any name with the ``die`` that it is on
        """
        if self._latency == 0:
            return component
        domain = reset_register(owner)
        if domain not in self._leaves:
            self._domain(owner, domain, die or self._dies[owner][0])
        return DomainRenamer(domain)(component)

    def grow(self, root: Value) -> None:
        """Makes the registers, from the root to what was placed until now."""
        trunks = dict[str, Value]()
        for name, (leaf, die) in self._leaves.items():
            if self._latency == 0:
                self._m.d.comb += leaf.rst.eq(root)
                continue
            if die not in trunks:
                trunks[die] = self._registered(reset_register(die), root, self._latency - 1)
            self._m.d.comb += leaf.rst.eq(self._registered(name, trunks[die], 1))

    def _domain(self, owner: str, name: str, die: str) -> None:
        domain = ClockDomain(name)
        # Equal parts in different domains stay equal modules.
        domain.clk, domain.rst = self._clk, Signal(name="rst")
        self._m.domains += domain
        self._leaves[reset_register(owner)] = domain, die

    def _registered(self, name: str, value: Value, count: int) -> Value:
        if count == 0:
            return value
        register = KeptRegister(cycles=count, init=1, reset=False)
        self._m.submodules[name] = DomainRenamer(self._steady)(register)
        self._m.d.comb += register.i.eq(value)
        return register.o
