# SPDX-License-Identifier: Apache-2.0
"""What both directions of the AXI4 slave make of AR and AW."""

from typing import Any

from amaranth.hdl import Module, Mux, Value
from amaranth.lib import data, stream

from ...stream.axi.signature import ID_WIDTH, INCREMENT, OKAY, SLAVE_ERROR

__all__ = ["BEAT_BITS", "BEAT_SHIFT", "DECODE_ERROR", "burst_layout", "burst_of", "connect_gated"]

BEAT_BITS = 128
BEAT_SHIFT = 4
"""Bits of a byte address within a beat; AxSIZE of a beat of full width."""

DECODE_ERROR = 0b11


def burst_layout(address_bits: int) -> data.StructLayout:
    """A burst under way: beat ``address``, beats ``left`` after the next, and what to answer."""
    return data.StructLayout({"address": address_bits, "left": 8, "id": ID_WIDTH, "resp": 2})


def burst_of(request: Any, burst: Any) -> list[Any]:
    """Statements that make the payload of AR or AW a ``burst_layout``.

    A burst beyond the memory gets DECERR; one that is not of INCR and full width, SLVERR. It
    crosses no 4 KiB boundary, so that it is in memory as a whole or not at all.
    """
    address = Value.cast(request.addr)
    beyond = address[BEAT_SHIFT + len(Value.cast(burst.address)) :].any()
    served = (request.burst == INCREMENT) & (request.size == BEAT_SHIFT)
    return [
        burst.address.eq(address >> BEAT_SHIFT),
        burst.left.eq(request.len),
        burst.id.eq(request.id),
        burst.resp.eq(Mux(beyond, DECODE_ERROR, Mux(served, OKAY, SLAVE_ERROR))),
    ]


def connect_gated(m: Module, source: stream.Interface, sink: stream.Interface, gate: Value) -> None:
    """Connects the handshakes of two streams while ``gate`` is 1; it must not fall again."""
    m.d.comb += [sink.valid.eq(source.valid & gate), source.ready.eq(sink.ready & gate)]
