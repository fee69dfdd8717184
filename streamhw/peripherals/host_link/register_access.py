# SPDX-License-Identifier: Apache-2.0
"""Reads and writes registers through AXI4-Lite, one access at a time."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...stream.axi.signature import axi4_lite

__all__ = ["RegisterAccess", "register_port"]


def register_port(*, address: int) -> wiring.Signature:
    """Accesses to registers as their master sees them, one at a time.

    request: stream of {``write``, ``address`` in bytes, ``value``}
    result: stream of {``value`` that was read, ``response``}
    abandon: Out(1), the result is not waited for any more: none will come; the bus ends what it
        began, and only then ``request`` is ready again
    """
    request = data.StructLayout({"write": 1, "address": address, "value": 32})
    result = data.StructLayout({"value": 32, "response": 2})
    return wiring.Signature(
        {
            "request": Out(stream.Signature(request)),
            "result": In(stream.Signature(result)),
            "abandon": Out(1),
        }
    )


class RegisterAccess(wiring.Component):
    """An AXI4-Lite master of 32 bits.

    Parameters
    ----------
    address: bits of a byte address, 3 to 32

    Members
    -------
    port: ``register_port`` from the other side
    bus: AXI4-Lite master

    Timing: 1 cycle from a request to AR, or to AW and W; 1 cycle from R or B to the result.
    Stalls: what is shown at the bus stays until it is taken; all its valid signals are registers.
    Raises: ``ValueError`` if the bits of an address are out of their range.
    """

    def __init__(self, *, address: int):
        if not 3 <= address <= 32:
            raise ValueError(f"RegisterAccess address must be 3 to 32 bits, not {address}")
        super().__init__(
            {
                "port": In(register_port(address=address)),
                "bus": Out(axi4_lite(address=address)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, request, result = self.bus, self.port.request, self.port.result
        for channel in (bus.aw, bus.w, bus.ar):
            with m.If(channel.ready):
                m.d.sync += channel.valid.eq(0)
        m.d.comb += bus.w.p.strb.eq(0b1111)

        dropped = Signal()
        writes = Signal()
        answered = Signal()
        asked = Signal()  # an answer before is of nothing that was asked
        m.d.comb += [
            asked.eq(~(bus.aw.valid | bus.w.valid | bus.ar.valid)),
            answered.eq(asked & Mux(writes, bus.b.valid, bus.r.valid)),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += request.ready.eq(1)
                m.d.sync += [dropped.eq(0), writes.eq(request.p.write)]
                with m.If(request.valid):
                    m.d.sync += [
                        bus.aw.valid.eq(request.p.write),
                        bus.w.valid.eq(request.p.write),
                        bus.ar.valid.eq(~request.p.write),
                        bus.aw.p.addr.eq(request.p.address),
                        bus.ar.p.addr.eq(request.p.address),
                        bus.w.p.data.eq(request.p.value),
                    ]
                    m.next = "BUS"
            with m.State("BUS"):
                m.d.comb += [bus.b.ready.eq(asked & writes), bus.r.ready.eq(asked & ~writes)]
                m.d.sync += dropped.eq(dropped | self.port.abandon)
                with m.If(answered):
                    m.d.sync += [
                        result.p.value.eq(bus.r.p.data),
                        result.p.response.eq(Mux(writes, bus.b.p.resp, bus.r.p.resp)),
                    ]
                    m.next = "RESULT"
            with m.State("RESULT"):
                m.d.comb += result.valid.eq(~dropped)
                with m.If(dropped | self.port.abandon | result.ready):
                    m.next = "IDLE"
        return m
