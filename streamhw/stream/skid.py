# SPDX-License-Identifier: Apache-2.0
"""Skid buffer: registers a stream in both directions at full rate."""

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .lockstep import connect_shares, place_shares, shares_of

__all__ = ["Skid"]


class Skid(wiring.Component):
    """Cuts all paths of a stream with two registers.

    Beats pass through the output register; one that arrives while the sink does not accept skids
    into a spare register, and only then ready falls. Wide beats have the control once for each
    share of theirs (``lockstep``).

    Parameters  shape: payload of a beat
    Members     i: In(stream of ``shape``)   o: Out(stream of ``shape``)
    Timing      latency = 1 cycle; one beat a cycle
    Buffers     2 beats, in registers
    Stalls      lossless; valid, payload and ready are registers
    """

    latency = 1

    def __init__(self, *, shape: ShapeLike):
        signature = stream.Signature(shape)
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i_payload = Value.cast(self.i.payload)
        o_payload = Value.cast(self.o.payload)
        shares = shares_of(len(i_payload))
        if len(shares) > 1:
            skids = place_shares(m, "skid", lambda bits: Skid(shape=bits), shares)
            connect_shares(m, self.i, [skid.i for skid in skids], shares, into=True)
            connect_shares(m, self.o, [skid.o for skid in skids], shares, into=False)
            return m
        held = Signal(len(i_payload), reset_less=True)
        spare = Signal(len(i_payload), reset_less=True)
        ready = Signal(init=1)
        m.d.comb += [self.i.ready.eq(ready), o_payload.eq(held)]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid | ~ready), ready.eq(1)]
            with m.If(ready):
                m.d.sync += held.eq(i_payload)
            with m.Else():
                m.d.sync += held.eq(spare)
        with m.Elif(self.i.valid):
            m.d.sync += ready.eq(0)
        with m.If(ready):
            m.d.sync += spare.eq(i_payload)
        return m
