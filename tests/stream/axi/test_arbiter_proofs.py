# SPDX-License-Identifier: Apache-2.0
"""Proofs without a depth of the arbiters: nothing is lost, order, whose answer it is, fairness."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal, Value

from streamhw.stream.axi.arbiter import ReadArbiter, WriteArbiter
from streamhw.testing import ProofError, prove_always
from tests.stream.axi.proof_rules import moves, past, shown_stays

WATCHED = 1
"""The master that is looked at; others are like it."""


class Carried:
    """That beats pass unchanged and in order, by one that the solver marks and those before it."""

    def __init__(self, m: Module, enters: Value, entering: Value, leaves: Value, leaving: Value):
        self.mark = Signal()  # free: this beat, if it enters
        inside, ahead = Signal(3), Signal(3)
        marked, content = Signal(), Signal(len(entering))
        taken = Signal()
        m.d.comb += taken.eq(enters & self.mark & ~marked)
        m.d.sync += inside.eq(inside + enters - leaves)
        with m.If(taken):
            m.d.sync += [marked.eq(1), content.eq(entering), ahead.eq(inside - leaves)]
        with m.Elif(leaves):
            m.d.sync += ahead.eq(ahead - 1)
            with m.If(ahead == 0):
                m.d.sync += marked.eq(0)
        m.d.comb += [
            Assert(~leaves | (inside != 0)),
            Assert(inside <= 4),
            Assert(~marked | (ahead < inside)),
            Assert(~(leaves & marked & (ahead == 0)) | (leaving == content)),
        ]


def fair(m: Module, requests: list[Any]) -> None:
    """While the watched one waits, each other one is served once at most."""
    waits = requests[WATCHED].valid & ~requests[WATCHED].ready
    for request in requests[:WATCHED] + requests[WATCHED + 1 :]:
        served = Signal()
        m.d.sync += served.eq(waits & (served | moves(request)))
        m.d.comb += Assert(~(waits & served & moves(request)))


def stays(m: Module, channels: list[Any], rule: Any) -> None:
    m.d.comb += [rule(shown_stays(m, channel, unless=0)) for channel in channels]


def offered(channel: Any) -> list[Value]:
    """Inputs of a proof that offers beats."""
    return [channel.valid, Value.cast(channel.payload)]


def unnamed(channel: Any) -> Value:
    """What a beat has but its ID, which is lowest."""
    return Value.cast(channel.payload)[4:]


def prove_reads(watched: int) -> None:
    """``watched``: whose ID the beats of the watched master have."""
    m = Module()
    m.submodules.dut = dut = ReadArbiter(masters=3, width=8, address=1)
    memory, requests = dut.memory, [master.ar for master in dut.masters]
    stays(m, requests, Assume)
    stays(m, [memory.r], Assume)
    stays(m, [memory.ar, *(master.r for master in dut.masters)], Assert)
    fair(m, requests)
    own, its = dut.masters[WATCHED], memory.ar.p.id == watched
    asked = Carried(m, moves(own.ar), unnamed(own.ar), moves(memory.ar) & its, unnamed(memory.ar))
    ours = moves(memory.r) & (memory.r.p.id == watched)
    given = Carried(m, ours, unnamed(memory.r), moves(own.r), unnamed(own.r))
    inputs = [asked.mark, given.mark, memory.ar.ready, *offered(memory.r)]
    for master in dut.masters:
        inputs += [*offered(master.ar), master.r.ready]
    covers = [past(m, moves(memory.ar)) & moves(memory.ar) & its, moves(own.r)]
    prove_always(m, ports=inputs, covers=covers, depth=8)


def test_reads() -> None:
    prove_reads(WATCHED)


def test_beats_of_another_are_refuted() -> None:
    with pytest.raises(ProofError, match="an assertion fails"):
        prove_reads(WATCHED + 1)


def writes() -> tuple[Module, WriteArbiter, list[Value]]:
    """An arbiter between masters and a memory that keep the rules, and its free inputs."""
    m = Module()
    m.submodules.dut = dut = WriteArbiter(masters=2, width=8, outstanding=2, address=1)
    memory = dut.memory
    stays(m, [master.aw for master in dut.masters], Assume)
    stays(m, [*(master.w for master in dut.masters), memory.b], Assume)
    inputs = [memory.aw.ready, memory.w.ready, *offered(memory.b)]
    for master in dut.masters:
        inputs += [*offered(master.aw), *offered(master.w), master.b.ready]
    return m, dut, inputs


def test_addresses_and_answers_of_writes() -> None:
    m, dut, inputs = writes()
    memory, own = dut.memory, dut.masters[WATCHED]
    stays(m, [memory.aw, *(master.b for master in dut.masters)], Assert)
    fair(m, [master.aw for master in dut.masters])
    its = memory.aw.p.id == WATCHED
    asked = Carried(m, moves(own.aw), unnamed(own.aw), moves(memory.aw) & its, unnamed(memory.aw))
    ours = moves(memory.b) & (memory.b.p.id == WATCHED)
    answered = Carried(m, ours, unnamed(memory.b), moves(own.b), unnamed(own.b))
    inputs += [asked.mark, answered.mark]
    prove_always(m, ports=inputs, covers=[moves(memory.aw) & its, moves(own.b)], depth=8)


def test_data_of_writes() -> None:
    """Bursts come in the order in which their addresses were accepted, one after another."""
    m, dut, inputs = writes()
    memory = dut.memory
    stays(m, [memory.w], Assert)
    turns = Cat(moves(master.aw) for master in dut.masters)
    entered = Cat(moves(master.w) for master in dut.masters)
    ends = Cat(moves(master.w) & master.w.p.last for master in dut.masters)
    order = Carried(m, turns.any(), turns, ends.any(), ends)
    first, second = (Value.cast(master.w.payload) for master in dut.masters)
    beat = Mux(entered[0], first, second)
    data = Carried(m, entered.any(), beat, moves(memory.w), Value.cast(memory.w.payload))
    m.d.comb += Assert(~entered.all())
    inputs += [order.mark, data.mark]
    prove_always(m, ports=inputs, covers=[past(m, moves(memory.w)) & ends.any()], depth=10)
