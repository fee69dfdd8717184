# SPDX-License-Identifier: Apache-2.0
"""Stands between the writes of a design and a memory port: ends them in order, and checks them."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import data, wiring

from ..queue import Queue
from .port_watch import OUTSTANDING, PortWatch, check_outstanding, guard_members
from .register_map import MemoryFault
from .signature import ADDRESS_WIDTH, ID_WIDTH, axi4_write

__all__ = ["WriteGuard"]


class WriteGuard(wiring.Component):
    """Lets writes through, knows what is owed for them, and finishes them when the design cannot.

    A write that memory has the address of needs all its data: of a design in reset, the guard sends
    the beats that are left with all strobes 0, so memory stays as it is. It keeps a copy of the
    address that is shown, as its data may have gone before it when a reset ends it. IDs are as in
    ``ReadGuard``. A faulty answer does not reach the design: the write is never told as done.

    Parameters
    ----------
    width: data width in bits
    outstanding: bursts that memory may owe an answer for, 1 to 64
    address: bits of a byte address

    Members
    -------
    design: AXI4 slave (AW, W and B); W of a burst begins at least a cycle after its AW is shown
    memory: AXI4 master (AW, W and B)
    control: ``guard_control``

    Timing: no cycle is added; all of AW, W and B passes within a cycle. W of a burst waits until
    the cycle after its AW is shown.
    Buffers: address and ID of ``outstanding`` bursts, and their lengths; one AW.
    Error: ``MemoryFault`` of an answer shows in the next cycle.
    Stalls: lossless; what is shown at the port stays until it is taken, unless ``hold`` or the
    watchdog of an isolated port ends it. Belongs into a domain that is never reset.
    Raises: ``ValueError`` if ``outstanding`` is out of its range, or for a width that AXI4 does not
    allow.
    """

    def __init__(self, *, width: int, outstanding: int = OUTSTANDING, address: int = ADDRESS_WIDTH):
        check_outstanding("WriteGuard", outstanding)
        self._shift = (width // 8).bit_length() - 1
        self._address = address
        self._outstanding = outstanding
        super().__init__(self.members(width=width, address=address))

    @staticmethod
    def members(*, width: int, address: int = ADDRESS_WIDTH) -> dict[str, wiring.Member]:
        """Members of a guard of that size."""
        return guard_members(axi4_write(width=width, address=address), address)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        control = self.control
        record = data.StructLayout({"address": self._address - self._shift, "id": ID_WIDTH})
        # of the bursts that have no answer, and of those whose data is not complete
        records = Queue(shape=record, depth=self._outstanding)
        lengths = Queue(shape=8, depth=self._outstanding)
        m.submodules.records = ResetInserter(control.forget)(records)
        m.submodules.lengths = ResetInserter(control.forget)(lengths)
        m.submodules.watch = watch = PortWatch(address=self._address)
        closing, given_up = Signal(), Signal()
        m.d.comb += [
            closing.eq(control.isolate | (watch.fault != MemoryFault.NONE)),
            given_up.eq(watch.expired & control.isolate & ~control.drain),
        ]
        awaiting, kept = self._address_channel(m, records, lengths, closing, given_up)
        shown, complete = self._data_channel(m, lengths, closing, given_up)
        due = self._answer_channel(m, records, watch, closing, awaiting, complete)

        memory = self.memory
        channels = (memory.aw, memory.w, memory.b)
        moved: list[Signal] = []
        for channel in channels:
            moved.append(passed := Signal())
            m.d.comb += passed.eq(channel.valid & channel.ready)
        m.d.comb += [
            watch.address.eq(records.o.p.address << self._shift),
            watch.waiting.eq(
                (memory.aw.valid & ~memory.aw.ready)
                | (memory.w.valid & ~memory.w.ready)
                | ((due != 0) & ~memory.b.valid)
            ),
            watch.moved.eq(moved[0] | moved[1] | moved[2]),
            watch.tick.eq(control.tick),
            watch.clear.eq(control.clear | control.hold),
            control.closed.eq(control.isolate & ~shown & (~awaiting | kept)),
            control.idle.eq(~awaiting & (records.stat_level == 0)),
            control.stuck.eq(watch.stuck),
            control.fault.eq(watch.fault),
            control.address.eq(watch.fault_address),
        ]
        return m

    def _address_channel(
        self, m: Module, records: Queue, lengths: Queue, closing: Signal, given_up: Signal
    ) -> tuple[Signal, Signal]:
        """AW; whether one is shown and not taken, and whether it is the copy."""
        control, source, aw = self.control, self.design.aw, self.memory.aw
        awaiting, kept = Signal(), Signal()
        copy = Signal.like(source.p)
        first, opens = Signal(), Signal()
        m.d.comb += [
            # what is owed is told when AW is shown: its data may be taken before it is
            opens.eq(~control.hold & ~kept & (awaiting | (~closing & records.i.ready))),
            first.eq(source.valid & opens & ~awaiting),
            aw.p.eq(Mux(kept, copy, source.p)),
            aw.p.id.eq(0),
            aw.valid.eq((source.valid & opens) | (kept & ~control.hold)),
            source.ready.eq(aw.ready & opens),
            records.i.valid.eq(first),
            records.i.p.address.eq(source.p.addr >> self._shift),
            records.i.p.id.eq(source.p.id),
            lengths.i.valid.eq(first),
            lengths.i.p.eq(source.p.len),
        ]
        with m.If(first):
            m.d.sync += copy.eq(source.p)
        with m.If(control.forget):
            m.d.sync += [awaiting.eq(0), kept.eq(0)]
        with m.Elif(aw.valid & aw.ready):
            m.d.sync += [awaiting.eq(0), kept.eq(0)]
        with m.Else():
            m.d.sync += awaiting.eq(awaiting | first)
            with m.If(awaiting & (control.hold | given_up)):
                m.d.sync += kept.eq(1)
        return awaiting, kept

    def _data_channel(
        self, m: Module, lengths: Queue, closing: Signal, given_up: Signal
    ) -> tuple[Signal, Signal]:
        """W; whether a beat of the design is shown, and whether the data of a burst is complete."""
        control, source, w = self.control, self.design.w, self.memory.w
        shown, complete, opens, final = Signal(), Signal(), Signal(), Signal()
        sent = Signal(8)  # beats of the burst
        m.d.comb += [
            opens.eq(~control.hold & ~control.drain & lengths.o.valid & (shown | ~closing)),
            final.eq(sent == lengths.o.p),
            w.p.data.eq(source.p.data),
            w.p.strb.eq(Mux(control.drain, 0, source.p.strb)),
            w.p.last.eq(Mux(control.drain, final, source.p.last)),
            w.valid.eq((source.valid & opens) | (control.drain & ~control.hold & lengths.o.valid)),
            source.ready.eq(w.ready & opens),
            complete.eq(w.valid & w.ready & final),
            lengths.o.ready.eq(complete),
        ]
        m.d.sync += shown.eq(source.valid & opens & ~w.ready & ~given_up)
        with m.If(control.forget):
            m.d.sync += sent.eq(0)
        with m.Elif(w.valid & w.ready):
            m.d.sync += sent.eq(Mux(final, 0, sent + 1))
        return shown, complete

    def _answer_channel(
        self,
        m: Module,
        records: Queue,
        watch: PortWatch,
        closing: Signal,
        awaiting: Signal,
        complete: Signal,
    ) -> Signal:
        """B; how many bursts have all their data and no answer."""
        control, sink, b = self.control, self.design.b, self.memory.b
        due = Signal(range(self._outstanding + 1))
        known, beat, answered = Signal(), Signal(), Signal()
        wrong = Signal.like(watch.found)
        m.d.comb += [
            # the newest may have all its data before memory has its address
            known.eq((due != 0) & ~(awaiting & (records.stat_level == 1)) & (b.p.id == 0)),
            wrong.eq(Mux(known, b.p.resp, MemoryFault.UNREQUESTED)),
            b.ready.eq(~control.hold & (closing | sink.ready)),
            beat.eq(b.valid & b.ready),
            answered.eq(beat & known),
            records.o.ready.eq(answered),
            sink.p.eq(b.p),
            sink.p.id.eq(records.o.p.id),
            sink.valid.eq(b.valid & ~control.hold & ~closing & (wrong == MemoryFault.NONE)),
            watch.found.eq(Mux(beat & ~control.isolate, wrong, MemoryFault.NONE)),
        ]
        with m.If(control.forget):
            m.d.sync += due.eq(0)
        with m.Else():
            m.d.sync += due.eq(due + complete - answered)
        return due
