# SPDX-License-Identifier: Apache-2.0
"""The write channels of an AXI4-Lite slave: an access at a time, which one cycle carries out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .signature import OKAY, SLAVE_ERROR, axi4_lite

__all__ = ["LiteWrite"]


class LiteWrite(wiring.Component):
    """Takes AW and W in any order, then shows the access until it may act, and answers.

    Parameters  address: bits of a byte address
    Members     aw, w, b: channels of the bus, as the slave sees them
                waits: In(1), the access must not act in this cycle
                acts: Out(1), the access is carried out in this cycle
                good: In(1), whether what is shown is a legal access: else it is answered by SLVERR
                address, value, strobe: Out, registers; what is written
    Timing      it acts 1 cycle after the later of AW and W, and B is valid 1 cycle later
    Stalls      ready and valid of the bus are registers; no access acts while B waits
    """

    def __init__(self, *, address: int):
        bus = axi4_lite(address=address).flip().members
        super().__init__(
            {
                **{channel: bus[channel] for channel in ("aw", "w", "b")},
                "waits": In(1),
                "acts": Out(1),
                "good": In(1),
                "address": Out(address),
                "value": Out(32),
                "strobe": Out(4),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        have_address, have_data = Signal(), Signal()
        m.d.comb += [
            self.aw.ready.eq(~have_address),
            self.w.ready.eq(~have_data),
            # B has left before the next access acts, so that no ready depends on B within a cycle
            self.acts.eq(have_address & have_data & ~self.b.valid & ~self.waits),
        ]
        with m.If(self.aw.valid & self.aw.ready):
            m.d.sync += [have_address.eq(1), self.address.eq(self.aw.p.addr)]
        with m.If(self.w.valid & self.w.ready):
            m.d.sync += [
                have_data.eq(1),
                self.value.eq(self.w.p.data),
                self.strobe.eq(self.w.p.strb),
            ]
        with m.If(self.b.ready):
            m.d.sync += self.b.valid.eq(0)
        with m.If(self.acts):
            m.d.sync += [
                have_address.eq(0),
                have_data.eq(0),
                self.b.valid.eq(1),
                self.b.p.resp.eq(Mux(self.good, OKAY, SLAVE_ERROR)),
            ]
        return m
