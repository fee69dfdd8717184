# SPDX-License-Identifier: Apache-2.0
"""What proofs of AXI parts say of a cycle and the one before it."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value

__all__ = ["held", "moves", "past", "shown_stays"]


def past(m: Module, value: Value, *, init: int = 0) -> Signal:
    """The value of the cycle before; ``init`` in the first one and after a reset."""
    before = Signal(len(value), init=init)
    m.d.sync += before.eq(value)
    return before


def moves(channel: Any) -> Value:
    """A beat passes."""
    return channel.valid & channel.ready


def shown_stays(m: Module, channel: Any, *, unless: Value | int) -> Value:
    """What is shown stays the same until it is taken."""
    valid, ready, payload = channel.valid, channel.ready, Value.cast(channel.payload)
    waits = past(m, valid & ~ready)
    return ~waits | unless | (valid & (payload == past(m, payload)))


def held(m: Module, value: Value, when: Value) -> Signal:
    """The value in the last cycle in which ``when`` was 1, before this one."""
    kept = Signal(len(value))
    m.d.sync += kept.eq(Mux(when, value, kept))
    return kept
