# SPDX-License-Identifier: Apache-2.0
"""Register slice for a stream that passes from one die to another."""

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .queue import Queue, queue_latency

__all__ = ["RegisterSlice", "register_slice_beats", "register_slice_latency", "registered"]

HOLD = {"shreg_extract": "no", "keep": 1}
"""Attributes of registers at a boundary: each must stay a flip-flop of its own."""


def register_slice_latency(boundaries: int) -> int:
    """Cycles from a beat accepted by an empty slice to the same beat offered."""
    return 2 * boundaries + queue_latency(register_slice_beats(boundaries))


def register_slice_beats(boundaries: int) -> int:
    """Beats that must be under way for one beat a cycle: a slot is away for the registers there,
    the queue, the registers back, and the cycle in which it is counted."""
    return 4 * boundaries + queue_latency(2) + 1


class RegisterSlice(wiring.Component):
    """Carries a stream over boundaries between dies, with nothing but wires on each boundary.

    A register in front of each boundary and one behind it, for the beats and for the slots that
    come back. A beat leaves only when the queue at the end has a slot for it, so nothing on the
    way can be stopped::

        i --slots > 0-->  register | register --> queue --> o
                 ^------- register | register <-- accepted

    Parameters  shape: payload of a beat; boundaries: between source and sink, at least 1
    Members     i: In(stream of ``shape``)   o: Out(stream of ``shape``)
    Timing      latency = ``register_slice_latency(boundaries)`` cycles; one beat a cycle
    Buffers     ``register_slice_beats(boundaries)`` beats
    Stalls      lossless; valid and ready are registers
    Raises      ValueError: if boundaries is less than 1
    """

    def __init__(self, *, shape: ShapeLike, boundaries: int):
        if boundaries < 1:
            raise ValueError(f"Crossing boundaries must be at least 1, not {boundaries}")
        self._shape = shape
        self._boundaries = boundaries
        signature = stream.Signature(shape)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        places = register_slice_beats(self._boundaries)
        m.submodules.queue = queue = Queue(shape=self._shape, depth=places)
        free = Signal(range(places + 1), init=places)
        ready = Signal(init=1)
        sent = Signal()
        m.d.comb += [self.i.ready.eq(ready), sent.eq(self.i.valid & ready)]

        count = 2 * self._boundaries
        payload = registered(m, "payload", Value.cast(self.i.payload), count, reset=False)
        m.d.comb += [
            Value.cast(queue.i.payload).eq(payload),
            queue.i.valid.eq(registered(m, "valid", sent, count)),
        ]
        back = registered(m, "back", queue.o.valid & queue.o.ready, count)
        with m.If(sent & ~back):
            m.d.sync += [free.eq(free - 1), ready.eq(free != 1)]
        with m.Elif(back & ~sent):
            m.d.sync += [free.eq(free + 1), ready.eq(1)]
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        return m


def registered(
    m: Module, name: str, value: Value, count: int, *, domain: str = "sync", reset: bool = True
) -> Value:
    """``value`` behind ``count`` registers that synthesis leaves where they are; without ``reset``
    for what only counts together with something that has it."""
    for index in range(count):
        register = Signal(len(value), name=f"{name}_{index}", attrs=HOLD, reset_less=not reset)
        m.d[domain] += register.eq(value)
        value = register
    return value
