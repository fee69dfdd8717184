# SPDX-License-Identifier: Apache-2.0
"""Bounded proofs of the stream infrastructure, and of the contracts: broken twins must fail."""

import pytest
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from streamhw.stream.fork import Fork
from streamhw.stream.formal_contract import OrderContract, StreamContract
from streamhw.stream.join import Join
from streamhw.stream.queue import Queue
from streamhw.stream.skid import Skid
from streamhw.stream.width import Width
from streamhw.testing import ProofError, prove

BIT = unsigned(1)


def prove_order(part, *, unit, depth, capacity=None, outputs=("o",)):
    """Every output of a part keeps the stream rules and carries what entered, in order."""
    m = Module()
    m.submodules.part = part
    ports = [part.i.valid, part.i.payload]
    covers = []
    for name in outputs:
        port = getattr(part, name)
        rules = StreamContract(port)
        order = OrderContract(part.i, port, unit=unit, capacity=capacity)
        m.submodules[f"rules_{name}"] = rules
        m.submodules[f"order_{name}"] = order
        ports += [port.ready, order.pick]
        covers += [rules.covered, order.covered]
    prove(m, ports=ports, covers=covers, depth=depth)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_queue(depth):
    prove_order(Queue(shape=BIT, depth=depth), unit=1, capacity=depth, depth=12)


def test_deep_queue():
    """The one with the synchronous memory: few beats, but all stages of its output."""
    prove_order(Queue(shape=BIT, depth=65), unit=1, capacity=65, depth=9)


def test_skid():
    prove_order(Skid(shape=BIT), unit=1, capacity=2, depth=14)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_fork(outputs):
    names = [f"o_{index}" for index in range(outputs)]
    prove_order(Fork(shape=BIT, outputs=outputs), unit=1, capacity=2, depth=10, outputs=names)


@pytest.mark.parametrize(("width_in", "width_out"), [(1, 2), (1, 3), (2, 1), (3, 1), (2, 2)])
def test_width(width_in, width_out):
    unit = min(width_in, width_out)
    capacity = 2 * max(width_in, width_out) // unit
    part = Width(width_in=width_in, width_out=width_out)
    prove_order(part, unit=unit, capacity=capacity, depth=14)


def test_join():
    """Each half of the output is the stream of one input."""
    m = Module()
    m.submodules.join = join = Join(shapes=[BIT, BIT])
    m.submodules.rules = rules = StreamContract(join.o)
    ports = [join.o.ready]
    covers = [rules.covered]
    for role in ("0", "1"):
        source = getattr(join, f"i_{role}")
        half = stream.Signature(BIT).create(path=("half", role))
        m.d.comb += [
            half.payload.eq(join.o.payload[role]),
            half.valid.eq(join.o.valid),
            half.ready.eq(join.o.ready),
        ]
        order = OrderContract(source, half, unit=1, capacity=2)
        m.submodules[f"order_{role}"] = order
        ports += [source.valid, source.payload, order.pick]
        covers.append(order.covered)
    prove(m, ports=ports, covers=covers, depth=10)


def test_environment_is_assumed():
    """A wire keeps the rules only if its source does."""

    def wire(environment):
        m = Module()
        m.submodules.part = part = Queue(shape=BIT, depth=0)
        if environment:
            m.submodules.source = StreamContract(part.i, environment=True)
        m.submodules.rules = rules = StreamContract(part.o)
        ports = [part.i.valid, part.i.payload, part.o.ready]
        prove(m, ports=ports, covers=[rules.covered], depth=8)

    wire(True)
    with pytest.raises(ProofError, match=r"^an assertion fails within 8 cycles"):
        wire(False)


class Twin(wiring.Component):
    """A one-beat register with one fault."""

    def __init__(self, fault):
        self._fault = fault
        signature = stream.Signature(BIT)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform):
        m = Module()
        full = Signal()
        patience = Signal(2)
        m.d.comb += [self.o.valid.eq(full), self.i.ready.eq(~full)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [full.eq(1), self.o.payload.eq(self.i.payload)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += full.eq(0)
        waits = full & ~self.o.ready
        if self._fault == "drops":
            m.d.sync += patience.eq(patience + 1)
            with m.If(waits & (patience == 3)):
                m.d.sync += full.eq(0)
        if self._fault == "changes":
            with m.If(waits):
                m.d.sync += self.o.payload.eq(self.i.payload)
        if self._fault == "waits for ready":
            m.d.comb += self.o.valid.eq(full & self.o.ready)
        if self._fault == "repeats":
            with m.If(self.o.valid & self.o.ready):
                m.d.sync += [patience.eq(patience + 1), full.eq(patience == 1)]
        if self._fault == "loses":
            m.d.comb += self.i.ready.eq(1)
        return m


def test_sound_twin():
    prove_order(Twin(None), unit=1, capacity=1, depth=10)


@pytest.mark.parametrize("fault", ["drops", "changes", "repeats", "loses"])
def test_broken_twin_fails(fault):
    with pytest.raises(ProofError, match=r"^an assertion fails within 10 cycles"):
        prove_order(Twin(fault), unit=1, depth=10)


def test_twin_that_waits_for_ready_is_not_covered():
    with pytest.raises(ProofError, match=r"^cover 0 is out of reach within 10 cycles"):
        prove_order(Twin("waits for ready"), unit=1, depth=10)


def test_capacity_is_checked():
    with pytest.raises(ProofError, match=r"^an assertion fails"):
        prove_order(Queue(shape=BIT, depth=3), unit=1, capacity=2, depth=10)
