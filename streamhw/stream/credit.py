# SPDX-License-Identifier: Apache-2.0
"""Credit bracket: lets an arithmetic pipeline run free, without a stall signal in it."""

from amaranth.hdl import Module, Shape, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from . import spec as base
from .queue import Queue, queue_latency, queue_memory

__all__ = ["Credit", "credit_beats", "credit_latency", "credit_memory"]


def credit_beats(latency: int) -> int:
    """Beats that must be under way to keep one beat a cycle around a pipeline of that latency.

    A credit is away for the pipeline, the queue, and the cycle in which it comes back.
    """
    shallow = latency + queue_latency(2) + 1
    if queue_latency(shallow) == queue_latency(2):
        return shallow
    return latency + queue_latency(shallow) + 1


def credit_latency(latency: int) -> int:
    """Cycles from ``enter`` to the result offered on ``o``, for a pipeline of that latency."""
    return latency + queue_latency(credit_beats(latency))


def credit_memory(shape: ShapeLike, latency: int) -> base.Memory | None:
    """The memory of the bracket's queue."""
    return queue_memory(shape, credit_beats(latency))


class Credit(wiring.Component):
    """The bracket of a free-running pipeline: a queue behind it and a count of its free slots.

    A beat may enter the pipeline only when the queue has a slot for its result, so results are
    never refused and nothing in the pipeline needs an enable::

        i --enter--> pipeline of `latency` registers --i_valid, i_payload--> queue --> o
                ^--may_enter-- free slots <---------------------------- accepted --'

    The kernel drives ``enter`` in each cycle in which a beat (that gives exactly one result)
    enters, only while ``may_enter`` is 1, and shifts it through ``latency`` registers to
    ``i_valid``. A typical input side is ``i.ready = may_enter; enter = i.valid & may_enter``.
    Many beats for one result: enter with the beat that completes the result (and let only that
    beat wait for ``may_enter``), or with any earlier one. A latency that varies is safe at any
    value; above ``latency`` it only costs rate.

    Parameters  shape: payload of a result; latency: cycles from enter to i_valid, at least 0
    Members     enter: In(1)   may_enter: Out(1), a register
                i_payload: In(shape)   i_valid: In(1)   o: Out(stream of ``shape``)
    Timing      latency from enter to o = ``credit_latency(latency)`` = latency + 1, or
                latency + 3 above 62; one beat a cycle while the sink accepts every cycle
    Buffers     ``credit_beats(latency)`` = latency + 2 (latency + 4 above 62) beats
    Stalls      lossless; no combinational path from any input to any output
    Raises      ValueError: if latency is negative
    """

    def __init__(self, *, shape: ShapeLike, latency: int):
        if latency < 0:
            raise ValueError(f"Credit latency must be at least 0, not {latency}")
        if Shape.cast(shape).width == 0:
            raise ValueError(f"Credit shape must have at least 1 bit, not {shape!r}")
        self._shape = shape
        self._credits = credit_beats(latency)
        super().__init__(
            {
                "enter": In(1),
                "may_enter": Out(1, init=1),
                "i_payload": In(shape),
                "i_valid": In(1),
                "o": Out(stream.Signature(shape)),
            }
        )

    @property
    def credits(self) -> int:
        """Beats that may be under way: slots of the queue."""
        return self._credits

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = Queue(shape=self._shape, depth=self._credits)
        free = Signal(range(self._credits + 1), init=self._credits)
        accepted = Signal()
        m.d.comb += [
            Value.cast(queue.i.payload).eq(Value.cast(self.i_payload)),
            queue.i.valid.eq(self.i_valid),
            Value.cast(self.o.payload).eq(Value.cast(queue.o.payload)),
            self.o.valid.eq(queue.o.valid),
            queue.o.ready.eq(self.o.ready),
            accepted.eq(self.o.valid & self.o.ready),
        ]
        with m.If(self.enter & ~accepted):
            m.d.sync += [free.eq(free - 1), self.may_enter.eq(free != 1)]
        with m.Elif(accepted & ~self.enter):
            m.d.sync += [free.eq(free + 1), self.may_enter.eq(1)]
        return m
