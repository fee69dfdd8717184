# SPDX-License-Identifier: Apache-2.0
"""Proofs of both guards: AXI's rules at the pins, nothing lost, idle means nothing owed.

That of reads holds for ever, that of writes for some cycles: it counts all bursts since the begin.

The environment is free but for the rules: the design keeps what it shows while it is alive, and
rests in its reset; memory answers no more than it owes; control goes through an abort or a reset
at any time, as ``Recovery`` does.
"""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Module, Mux, Signal, Value
from amaranth.lib import wiring

from streamhw.stream.axi.read_guard import ReadGuard
from streamhw.stream.axi.register_map import MemoryFault
from streamhw.stream.axi.write_guard import WriteGuard
from streamhw.testing import ProofError, prove, prove_always
from tests.stream.axi.proof_rules import past, shown_stays

SIZES = {"width": 8, "outstanding": 2, "address": 1}
DEPTH = 11


class Phases:
    """What control may do: hold and isolate, then drain when closed; or isolate, then drain."""

    def __init__(self, m: Module, guard: ReadGuard | WriteGuard):
        control = guard.control
        self.inputs = [control.hold, control.isolate, control.drain, control.tick, control.clear]
        self.reset = Signal()  # the design is in it, and has been for a cycle
        held, isolated, drained = (past(m, x) for x in self.inputs[:3])
        closed, idle = past(m, control.closed), past(m, control.idle)
        m.d.sync += self.reset.eq(control.hold | (control.isolate & (self.reset | closed)))
        m.d.comb += [
            control.forget.eq(0),
            Assume(~control.drain | (control.isolate & self.reset & past(m, self.reset))),
            # isolated until idle, and from a reset on
            Assume(control.isolate | ~isolated | (idle & self.reset)),
            Assume(control.isolate | ~held),
            Assume(control.drain | ~drained | ~control.isolate),
            Assume(~control.tick),
        ]


def offers(m: Module, channel: Any, reset: Value) -> list[Any]:
    """A design that keeps the rules, and shows nothing and rests in its reset."""
    rests = past(m, reset)
    payload = Value.cast(channel.payload)
    return [
        Assume(reset | shown_stays(m, channel, unless=rests)),
        Assume(~reset | ~channel.valid),
        Assume(~(reset & rests) | (payload == past(m, payload))),
    ]


def prove_reads(guard: ReadGuard) -> None:
    m = Module()
    m.submodules.guard = guard
    phases = Phases(m, guard)
    design, memory, control = guard.design, guard.memory, guard.control
    m.d.comb += offers(m, design.ar, phases.reset)
    m.d.comb += Assume(memory.ar.p.len <= 1)

    bursts, second = Signal(3), Signal()  # that memory owes; whether a beat of the first is given
    lengths = Signal(8)  # of these bursts, the next first
    asked, beat = Signal(), Signal()
    length = lengths[0]
    m.d.comb += [
        asked.eq(memory.ar.valid & memory.ar.ready),
        beat.eq(memory.r.valid & memory.r.ready),
        Assume(~memory.r.valid | (bursts != 0)),
        Assume(memory.r.p.id == 0),
        Assume(memory.r.p.last == (second == length)),
        Assume(shown_stays(m, memory.r, unless=0)),
    ]
    ends = beat & memory.r.p.last
    m.d.sync += bursts.eq(bursts + asked - ends)
    m.d.sync += second.eq(Mux(beat, ~memory.r.p.last, second))
    kept = Mux(ends, lengths >> 1, lengths)
    m.d.sync += lengths.eq(Mux(asked, kept | (memory.ar.p.len[0] << (bursts - ends)[:3]), kept))

    taken = Signal()
    m.d.comb += taken.eq(design.r.valid & design.r.ready)
    quiet = control.isolate | (control.fault != MemoryFault.NONE)
    m.d.comb += [
        Assert(shown_stays(m, memory.ar, unless=control.hold)),
        Assert(asked == (design.ar.valid & design.ar.ready)),
        Assert(~taken | beat),
        Assert(~taken | (memory.r.p.resp == 0)),
        Assert(quiet | control.hold | ~beat | taken | (memory.r.p.resp != 0)),
        Assert(~taken | (design.r.p.data == memory.r.p.data)),
        # nothing new while isolated, nothing to the design, and memory is never held back
        Assert(~control.isolate | ~taken),
        Assert(~control.isolate | control.hold | memory.r.ready),
        Assert(~control.hold | ~(memory.ar.valid | memory.r.ready)),
        Assert(~control.idle | (bursts == 0)),
        Assert((bursts != 0) | ~past(m, control.closed & control.isolate) | control.idle | asked),
        Assert(control.fault != MemoryFault.SHORT),
        Assert(control.fault != MemoryFault.LONG),
        Assert(control.fault != MemoryFault.UNREQUESTED),
    ]
    drained = Signal()
    m.d.comb += drained.eq(past(m, ends & control.isolate) & control.idle & control.drain)
    inputs = [
        *phases.inputs,
        *(design.ar.valid, Value.cast(design.ar.payload), design.r.ready),
        *(memory.ar.ready, memory.r.valid, Value.cast(memory.r.payload)),
    ]
    prove_always(m, ports=inputs, covers=[taken, drained], depth=DEPTH)


def prove_writes(guard: WriteGuard) -> None:
    m = Module()
    m.submodules.guard = guard
    phases = Phases(m, guard)
    design, memory, control = guard.design, guard.memory, guard.control
    m.d.comb += offers(m, design.aw, phases.reset)
    m.d.comb += offers(m, design.w, phases.reset)

    # the design: its data follows its addresses, each burst of 1 or 2 beats
    shown, second = Signal(3), Signal()  # bursts whose data it has to send
    lengths = Signal(8)
    first = Signal()
    sent = Signal()
    m.d.comb += [
        Assume(design.aw.p.len <= 1),
        first.eq(design.aw.valid & ~past(m, design.aw.valid & ~design.aw.ready)),
        sent.eq(design.w.valid & design.w.ready),
        Assume(~design.w.valid | (shown != 0)),
        Assume(design.w.p.last == (second == lengths[0])),
    ]
    ends = sent & design.w.p.last
    kept = Mux(ends, lengths >> 1, lengths)
    m.d.sync += [
        shown.eq(shown + first - ends),
        second.eq(Mux(sent, ~design.w.p.last, second)),
        lengths.eq(Mux(first, kept | (design.aw.p.len[0] << (shown - ends)[:3]), kept)),
    ]
    with m.If(phases.reset):
        m.d.sync += [shown.eq(0), second.eq(0), lengths.eq(0)]

    # memory: what it has of addresses and data, and owes of answers, by AXI's rules alone
    addresses, complete, answered = Signal(4), Signal(4), Signal(4)
    beats = Signal()
    told = Signal(12)  # lengths of the bursts in their order
    asked, beat, answer = Signal(), Signal(), Signal()
    now = told.bit_select(complete, 1)
    known = complete < addresses
    m.d.comb += [
        asked.eq(memory.aw.valid & memory.aw.ready),
        beat.eq(memory.w.valid & memory.w.ready),
        answer.eq(memory.b.valid & memory.b.ready),
        Assume(~memory.b.valid | ((answered < complete) & (answered < addresses))),
        Assume(memory.b.p.id == 0),
        Assume(shown_stays(m, memory.b, unless=0)),
    ]
    last = Signal()  # by the length of an address that memory has, or is shown now
    m.d.comb += last.eq(beats == Mux(known, now, memory.aw.p.len[0]))
    with m.If(asked):
        m.d.sync += [addresses.eq(addresses + 1)]
        m.d.sync += told.bit_select(addresses, 1).eq(memory.aw.p.len[0])
    with m.If(beat):
        m.d.sync += beats.eq(~memory.w.p.last)
        m.d.sync += complete.eq(complete + memory.w.p.last)
    m.d.sync += answered.eq(answered + answer)

    quiet = control.isolate | (control.fault != MemoryFault.NONE)
    taken = Signal()
    m.d.comb += [
        taken.eq(design.b.valid & design.b.ready),
        Assert(shown_stays(m, memory.aw, unless=control.hold)),
        Assert(shown_stays(m, memory.w, unless=control.hold)),
        # data never goes before its address is shown, nor ends but where that says
        Assert(~beat | known | memory.aw.valid),
        Assert(~beat | (memory.w.p.last == last)),
        Assert(complete <= addresses + 1),
        Assert(~sent | (beat & (memory.w.p.strb == design.w.p.strb))),
        Assert(~beat | sent | (control.drain & (memory.w.p.strb == 0))),
        Assert(~taken | (answer & (memory.b.p.resp == 0))),
        Assert(quiet | control.hold | ~answer | taken | (memory.b.p.resp != 0)),
        Assert(~control.isolate | ~taken),
        Assert(~control.isolate | control.hold | memory.b.ready),
        Assert(~control.hold | ~(memory.aw.valid | memory.w.valid | memory.b.ready)),
        Assert(~control.idle | ((addresses == complete) & (complete == answered))),
        Assert(control.fault != MemoryFault.UNREQUESTED),
    ]
    late = Signal()
    m.d.comb += late.eq(control.drain & asked)  # an address that is shown again after a reset
    inputs = [
        *phases.inputs,
        *(design.aw.valid, Value.cast(design.aw.payload)),
        *(design.w.valid, Value.cast(design.w.payload), design.b.ready),
        *(memory.aw.ready, memory.w.ready, memory.b.valid, Value.cast(memory.b.payload)),
    ]
    prove(m, ports=inputs, covers=[taken, late], depth=DEPTH)


class Twin(wiring.Component):
    """A guard with one fault."""

    def __init__(self, guard: ReadGuard | WriteGuard, fault: str):
        self._inner, self._fault = guard, fault
        super().__init__(dict(guard.signature.members))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = self._inner
        wiring.connect(m, wiring.flipped(self.design), inner.design)
        wiring.connect(m, inner.memory, wiring.flipped(self.memory))
        for name, member in self.control.signature.members.items():
            ours, its = getattr(self.control, name), getattr(inner.control, name)
            # the flow is that of who controls it
            m.d.comb += its.eq(ours) if member.flow == wiring.In else ours.eq(its)
        if self._fault == "cuts what is shown":
            m.d.comb += inner.control.hold.eq(self.control.hold | self.control.isolate)
        elif self._fault == "hurries":
            m.d.comb += self.control.idle.eq(inner.control.closed)
        elif self._fault == "leaks":
            into, out = (
                (self.design.r, self.memory.r)
                if isinstance(inner, ReadGuard)
                else (self.design.b, self.memory.b)
            )
            m.d.comb += into.valid.eq(out.valid)
        return m


def test_reads() -> None:
    prove_reads(ReadGuard(**SIZES))


def test_writes() -> None:
    prove_writes(WriteGuard(**SIZES))


@pytest.mark.parametrize("fault", ["cuts what is shown", "hurries", "leaks"])
def test_twins_are_refuted(fault: str) -> None:
    for proof, guard in ((prove_reads, ReadGuard), (prove_writes, WriteGuard)):
        with pytest.raises(ProofError, match="an assertion fails"):
            proof(Twin(guard(**SIZES), fault))
