# SPDX-License-Identifier: Apache-2.0
"""Formal contracts of streams, for a model checker: rules of one stream, order between two."""

from amaranth.hdl import Assert, Assume, Const, Cover, Elaboratable, Module, Signal, Value
from amaranth.lib import stream

__all__ = ["OrderContract", "StreamContract"]


class StreamContract(Elaboratable):
    """The rules of one stream as properties, beside the component that has it.

    Asserted  once valid, a beat stays valid and its payload the same until it is accepted
    Covered   a beat waits at least two cycles and is then accepted

    That valid does not depend on ready follows from the rules of combinational paths, and because
    the checker is free to raise ready at any time.

    Parameters  port: the stream; environment: assume the rules instead, for a stream that the
                checker drives (nothing is covered then)
    """

    def __init__(self, port: stream.Interface, *, environment: bool = False):
        self._port = port
        self._environment = environment
        self.covered = Signal()
        """A beat that waited is accepted."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        port = self._port
        payload = Value.cast(port.payload)
        waiting = Signal()  # a beat was offered in the last cycle and not accepted
        waited = Signal()
        before = Signal(len(payload))
        kept = Signal()
        m.d.sync += [
            waiting.eq(port.valid & ~port.ready),
            waited.eq(waiting),
            before.eq(payload),
        ]
        m.d.comb += kept.eq(~waiting | (port.valid & (payload == before)))
        if self._environment:
            m.d.comb += Assume(kept)
        else:
            m.d.comb += [
                Assert(kept),
                self.covered.eq(waited & waiting & port.valid & port.ready),
                Cover(self.covered),
            ]
        return m


class OrderContract(Elaboratable):
    """Everything that leaves one stream entered another, in the same order, once.

    The checker picks any unit (a number of low bits; beats are whole units, first unit lowest) by
    its place in the stream, once for a run. The contract records that unit as it enters and
    compares it as it leaves; because the pick is free, this covers all units.

    Asserted  a unit does not leave before it has entered, and leaves unchanged; no more than
              ``capacity`` units are inside
    Covered   the picked unit leaves, and it is not the first

    Parameters  source, sink: the two streams; unit: bits (one divides each payload);
                capacity: units, None for any number; horizon: bits of the count of units, enough
                for the depth to which the checker goes
    """

    def __init__(
        self,
        source: stream.Interface,
        sink: stream.Interface,
        *,
        unit: int,
        capacity: int | None = None,
        horizon: int = 6,
    ):
        self._source = source
        self._sink = sink
        self._unit = unit
        self._capacity = capacity
        self._horizon = horizon
        self.pick = Signal(horizon)
        """A free input of the proof: must be a port of the top module."""
        self.covered = Signal()
        """The picked unit leaves, and it is not the first."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first = Signal(init=1)
        picked = Signal(self._horizon)
        m.d.sync += [first.eq(0), picked.eq(self.pick)]
        m.d.comb += Assume(first | (self.pick == picked))

        entered, enters, entering = self._pass(m, self._source)
        left, leaves, leaving = self._pass(m, self._sink)
        record = Signal(self._unit)
        with m.If(enters):
            m.d.sync += record.eq(entering)
        with m.If(leaves):
            m.d.comb += [
                Assert(entered > self.pick),
                Assert(leaving == record),
            ]
        m.d.comb += [self.covered.eq(leaves & (self.pick != 0)), Cover(self.covered)]
        if self._capacity is not None:
            m.d.comb += Assert(entered - left <= self._capacity)
        return m

    def _pass(self, m: Module, port: stream.Interface) -> tuple[Signal, Signal, Signal]:
        """Units that passed, whether the picked one does now, and what it is."""
        payload = Value.cast(port.payload)
        units = len(payload) // self._unit
        count = Signal(self._horizon)
        accepted = Signal()
        place = Signal(self._horizon)
        hit = Signal()
        chosen = Signal(self._unit)
        m.d.comb += [
            accepted.eq(port.valid & port.ready),
            place.eq(self.pick - count),
            hit.eq(accepted & (place < units)),
            chosen.eq(payload.word_select(place, self._unit) if units > 1 else payload),
        ]
        with m.If(accepted):
            m.d.sync += count.eq(count + Const(units, self._horizon))
        return count, hit, chosen
