# SPDX-License-Identifier: Apache-2.0
"""Stands between the reads of a design and a memory port: ends them in order, and checks them."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import data, wiring

from ..queue import Queue
from .port_watch import OUTSTANDING, PortWatch, check_outstanding, guard_members
from .register_map import MemoryFault
from .signature import ADDRESS_WIDTH, ID_WIDTH, OKAY, axi4_read

__all__ = ["ReadGuard"]


class ReadGuard(wiring.Component):
    """Lets reads through, knows what memory owes for them, and takes it when the design cannot.

    Memory answers in the order of the requests: they leave with ID 0, which AXI keeps in order, and
    the answer has the ID of the design again. A faulty beat does not reach the design, and nothing
    after it does until the fault is cleared: so nothing is computed from it.

    Parameters
    ----------
    width: data width in bits
    outstanding: bursts that memory may owe, 1 to 64
    address: bits of a byte address

    Members
    -------
    design: AXI4 slave (AR and R)
    memory: AXI4 master (AR and R)
    control: ``guard_control``

    Timing: no cycle is added; all of AR and R passes within a cycle.
    Buffers: address, length and ID of ``outstanding`` bursts.
    Error: ``MemoryFault`` of a beat shows in the next cycle. Bursts end where memory says RLAST.
    Stalls: lossless; what is shown at the port stays until it is taken, unless ``hold`` or the
    watchdog of an isolated port ends it. Belongs into a domain that is never reset.
    Raises: ``ValueError`` if ``outstanding`` is out of its range, or for a width that AXI4 does not
    allow.
    """

    def __init__(self, *, width: int, outstanding: int = OUTSTANDING, address: int = ADDRESS_WIDTH):
        check_outstanding("ReadGuard", outstanding)
        self._shift = (width // 8).bit_length() - 1
        self._address = address
        self._outstanding = outstanding
        super().__init__(self.members(width=width, address=address))

    @staticmethod
    def members(*, width: int, address: int = ADDRESS_WIDTH) -> dict[str, wiring.Member]:
        """Members of a guard of that size."""
        return guard_members(axi4_read(width=width, address=address), address)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        control, ar, r = self.control, self.memory.ar, self.memory.r
        record = data.StructLayout(
            {"address": self._address - self._shift, "length": 8, "id": ID_WIDTH}
        )
        records = Queue(shape=record, depth=self._outstanding)
        m.submodules.records = ResetInserter(control.forget)(records)
        m.submodules.watch = watch = PortWatch(address=self._address)
        owed = records.o.p

        shown = Signal()  # AR was, and is not taken
        closing = Signal()
        opens = Signal()
        asked = Signal()
        m.d.comb += [
            closing.eq(control.isolate | (watch.fault != MemoryFault.NONE)),
            opens.eq(~control.hold & records.i.ready & (shown | ~closing)),
            ar.p.eq(self.design.ar.p),
            ar.p.id.eq(0),
            ar.valid.eq(self.design.ar.valid & opens),
            self.design.ar.ready.eq(ar.ready & opens),
            asked.eq(ar.valid & ar.ready),
            records.i.valid.eq(asked),
            records.i.p.address.eq(ar.p.addr >> self._shift),
            records.i.p.length.eq(ar.p.len),
            records.i.p.id.eq(self.design.ar.p.id),
        ]
        given_up = watch.expired & control.isolate
        m.d.sync += shown.eq(ar.valid & ~ar.ready & ~given_up)

        taken = Signal(8)  # beats of the burst
        final = Signal()
        known = Signal()
        beat = Signal()
        wrong = Signal.like(watch.found)
        m.d.comb += [
            final.eq(taken == owed.length),
            known.eq(records.o.valid & (r.p.id == 0)),
            r.ready.eq(~control.hold & (closing | self.design.r.ready)),
            beat.eq(r.valid & r.ready),
            records.o.ready.eq(beat & known & r.p.last),
            self.design.r.p.eq(r.p),
            self.design.r.p.id.eq(owed.id),
            self.design.r.valid.eq(
                r.valid & ~control.hold & ~closing & (wrong == MemoryFault.NONE)
            ),
            watch.found.eq(Mux(beat & ~control.isolate, wrong, MemoryFault.NONE)),
        ]
        with m.If(~known):
            m.d.comb += wrong.eq(MemoryFault.UNREQUESTED)
        with m.Elif(r.p.resp != OKAY):
            m.d.comb += wrong.eq(r.p.resp)
        with m.Elif(r.p.last & ~final):
            m.d.comb += wrong.eq(MemoryFault.SHORT)
        with m.Elif(final & ~r.p.last):
            m.d.comb += wrong.eq(MemoryFault.LONG)
        with m.If(control.forget):
            m.d.sync += taken.eq(0)
        with m.Elif(beat & known):
            m.d.sync += taken.eq(Mux(r.p.last, 0, taken + 1))

        address = Mux(records.o.valid, owed.address, ar.p.addr >> self._shift)
        m.d.comb += [
            watch.address.eq(address << self._shift),
            watch.waiting.eq((ar.valid & ~ar.ready) | (records.o.valid & ~r.valid)),
            watch.moved.eq(asked | beat),
            watch.tick.eq(control.tick),
            watch.clear.eq(control.clear | control.hold),
            control.closed.eq(control.isolate & ~shown),
            control.idle.eq(~shown & (records.stat_level == 0)),
            control.stuck.eq(watch.stuck),
            control.fault.eq(watch.fault),
            control.address.eq(watch.fault_address),
        ]
        return m
