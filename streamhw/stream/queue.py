# SPDX-License-Identifier: Apache-2.0
"""FIFO queue of beats: exactly ``depth`` of them, in registers, distributed or block memory."""

from amaranth.hdl import Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from . import spec as base

__all__ = ["Queue", "queue_latency", "queue_memory"]

_SHALLOW = 64
"""Largest depth, in beats, of a memory with asynchronous read (distributed RAM)."""


def queue_latency(depth: int) -> int:
    """Cycles from a beat accepted by an empty queue of that depth to the same beat offered."""
    if depth == 0:
        return 0
    return 1 if depth <= _SHALLOW else 3


def queue_memory(shape: ShapeLike, depth: int) -> base.Memory | None:
    """The memory that a queue of that depth uses; ``None`` for a wire or a single register."""
    if depth < 2:
        return None
    return base.Memory(Shape.cast(shape).width, depth, asynchronous=depth <= _SHALLOW)


class Queue(wiring.Component):
    """A FIFO queue of exactly ``depth`` beats.

    Depth 0 is a wire, the only depth with combinational paths between its two sides. Depths up
    to 64 are a ring in distributed RAM. Deeper queues are a ring in a memory with synchronous
    read, followed by an output register so that a slow block RAM never drives logic.

    Parameters  shape: payload of a beat, at least 1 bit; depth: beats
    Members     i: In(stream of ``shape``)   o: Out(stream of ``shape``)
                stat_level: Out(range(depth + 1)), beats inside
    Timing      latency = ``queue_latency(depth)`` cycles (0, 1 or 3); one beat a cycle, except
                depth 1: one beat every 2 cycles, as its ready does not see the sink's
    Buffers     depth beats (``queue_memory``); deeper than 64: one more beat in the output register
    Stalls      lossless; valid and ready are registers
    Raises      ValueError: if depth is negative, or the payload has no bits
    """

    def __init__(self, *, shape: ShapeLike, depth: int):
        if depth < 0:
            raise ValueError(f"Queue depth must be at least 0, not {depth}")
        if Shape.cast(shape).width == 0:
            raise ValueError(f"Queue shape must have at least 1 bit, not {shape!r}")
        self._shape = shape
        self._depth = depth
        super().__init__(self.members(shape=shape, depth=depth))

    @staticmethod
    def members(*, shape: ShapeLike, depth: int) -> dict[str, wiring.Member]:
        """Those of a queue."""
        return {
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
            "stat_level": Out(range(depth + 1)),
        }

    @property
    def depth(self) -> int:
        """Capacity in beats."""
        return self._depth

    @property
    def latency(self) -> int:
        """Cycles from a beat accepted when empty to the same beat offered."""
        return queue_latency(self._depth)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i_payload = Value.cast(self.i.payload)
        o_payload = Value.cast(self.o.payload)
        if self._depth == 0:
            m.d.comb += [
                o_payload.eq(i_payload),
                self.o.valid.eq(self.i.valid),
                self.i.ready.eq(self.o.ready),
            ]
            return m

        push = Signal()
        pop = Signal()
        ready = Signal(init=1)
        level = self.stat_level
        m.d.comb += [
            self.i.ready.eq(ready),
            push.eq(self.i.valid & ready),
            pop.eq(self.o.valid & self.o.ready),
        ]
        # ready is decoded one cycle ahead, so that it comes straight from a register
        with m.If(push & ~pop):
            m.d.sync += [level.eq(level + 1), ready.eq(level != self._depth - 1)]
        with m.Elif(pop & ~push):
            m.d.sync += [level.eq(level - 1), ready.eq(1)]

        if self._depth == 1:
            held = Signal(len(i_payload), reset_less=True)
            m.d.comb += [self.o.valid.eq(~ready), o_payload.eq(held)]
            with m.If(push):
                m.d.sync += held.eq(i_payload)
            return m

        m.submodules.memory = memory = Memory(shape=len(i_payload), depth=self._depth, init=[])
        write = memory.write_port()
        write_at = Signal(range(self._depth))
        read_at = Signal(range(self._depth))
        m.d.comb += [write.addr.eq(write_at), write.data.eq(i_payload), write.en.eq(push)]
        with m.If(push):
            m.d.sync += write_at.eq(self._following(write_at))

        if self._depth <= _SHALLOW:
            read = memory.read_port(domain="comb")
            valid = Signal()
            m.d.comb += [
                read.addr.eq(read_at),
                o_payload.eq(read.data),
                self.o.valid.eq(valid),
            ]
            with m.If(push & ~pop):
                m.d.sync += valid.eq(1)
            with m.Elif(pop & ~push):
                m.d.sync += valid.eq(level != 1)
            with m.If(pop):
                m.d.sync += read_at.eq(self._following(read_at))
            return m

        read = memory.read_port()
        stored = Signal(range(self._depth + 1))  # beats that are still only in the memory
        some = Signal()  # stored != 0
        latched = Signal()  # the memory's output holds a beat
        held = Signal(len(i_payload), reset_less=True)
        fetch = Signal()
        move = Signal()
        m.d.comb += [
            move.eq(latched & (~self.o.valid | self.o.ready)),
            fetch.eq(some & (~latched | move)),
            read.addr.eq(read_at),
            read.en.eq(fetch),
            o_payload.eq(held),
        ]
        with m.If(push & ~fetch):
            m.d.sync += [stored.eq(stored + 1), some.eq(1)]
        with m.Elif(fetch & ~push):
            m.d.sync += [stored.eq(stored - 1), some.eq(stored != 1)]
        with m.If(fetch):
            m.d.sync += [latched.eq(1), read_at.eq(self._following(read_at))]
        with m.Elif(move):
            m.d.sync += latched.eq(0)
        with m.If(move):
            m.d.sync += [self.o.valid.eq(1), held.eq(read.data)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m

    def _following(self, index: Signal) -> Value:
        """The next place of the ring, which need not be a power of two long."""
        return Mux(index == self._depth - 1, 0, index + 1)
