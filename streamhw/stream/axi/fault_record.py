# SPDX-License-Identifier: Apache-2.0
"""What the host reads of the faults of all memory ports: the first one, and which ports had any."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .port_watch import KIND
from .register_map import MemoryFault
from .signature import ADDRESS_WIDTH

__all__ = ["FaultRecord"]


class FaultRecord(wiring.Component):
    """Keeps the first fault that any guard tells: kind, port, direction and address.

    Of several in one cycle it keeps that of the lowest port, reads first.

    Parameters  ports: memory ports
    Members     reads, writes: arrays of {``fault``, ``address``}, one a port: as the guards say
                clear: In(1), forget the first; the guards must have forgotten theirs
                fault: Out, a ``MemoryFault``; address; port; write: Out(1), of a write
                read_errors, write_errors: Out(ports), the ports that have a fault
    Timing      2 cycles
    Raises      ValueError: if there is no port
    """

    def __init__(self, *, ports: int):
        if ports < 1:
            raise ValueError(f"FaultRecord ports must be at least 1, not {ports}")
        found = wiring.Signature({"fault": Out(KIND), "address": Out(ADDRESS_WIDTH)})
        super().__init__(
            {
                "reads": In(found).array(ports),
                "writes": In(found).array(ports),
                "clear": In(1),
                "fault": Out(KIND),
                "address": Out(ADDRESS_WIDTH),
                "port": Out(5),
                "write": Out(1),
                "read_errors": Out(ports),
                "write_errors": Out(ports),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sides = [side for pair in zip(self.reads, self.writes, strict=True) for side in pair]
        told = Signal(len(sides))
        m.d.comb += [told[n].eq(side.fault != MemoryFault.NONE) for n, side in enumerate(sides)]
        # who it is in one cycle, and what it says in the next: 64 addresses are a wide choice
        first, found = Signal(range(len(sides))), Signal()
        m.d.sync += found.eq(told.any() & ~self.clear)
        for n in reversed(range(len(sides))):
            with m.If(told[n]):
                m.d.sync += first.eq(n)
        chosen = []
        for name, width in (("fault", len(self.fault)), ("address", len(self.address))):
            said = Cat(getattr(side, name) for side in sides)
            # all of it is shifted: Verilog has no choice of a word that all tools read alike
            chosen.append(shifted := Signal(len(said), name=f"{name}_shifted"))
            m.d.comb += shifted.eq(said >> (first * width))
        with m.If(self.clear):
            m.d.sync += self.fault.eq(MemoryFault.NONE)
        with m.Elif(found & (self.fault == MemoryFault.NONE)):
            m.d.sync += [
                self.fault.eq(chosen[0][: len(self.fault)]),
                self.address.eq(chosen[1][: len(self.address)]),
                self.write.eq(first[0]),
                self.port.eq(first[1:]),
            ]
        for errors, at in ((self.read_errors, told[0::2]), (self.write_errors, told[1::2])):
            with m.If(self.clear):
                m.d.sync += errors.eq(0)
            with m.Else():
                m.d.sync += errors.eq(at)
        return m
