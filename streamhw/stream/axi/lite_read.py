# SPDX-License-Identifier: Apache-2.0
"""The read channels of an AXI4-Lite slave: an access at a time, with a cycle to fetch its word."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .signature import OKAY, SLAVE_ERROR, axi4_lite

__all__ = ["LiteRead"]


class LiteRead(wiring.Component):
    """Takes AR, shows the address for a cycle to memories behind a register, and answers.

    Parameters  address: bits of a byte address
    Members     ar, r: channels of the bus, as the slave sees them
                address: Out, a register; what is read
                acts: Out(1), ``value`` and ``good`` are taken in this cycle, at least 1 cycle after
                the address is shown
                value: In(32);  good: In(1), whether something is there: else the answer is 0 with
                SLVERR
    Timing      R is valid 3 cycles after AR is accepted
    Stalls      ready and valid of the bus are registers; no access acts while R waits
    """

    def __init__(self, *, address: int):
        bus = axi4_lite(address=address).flip().members
        super().__init__(
            {
                **{channel: bus[channel] for channel in ("ar", "r")},
                "address": Out(address),
                "acts": Out(1),
                "value": In(32),
                "good": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        have_address, fetched = Signal(), Signal()
        m.d.comb += [
            self.ar.ready.eq(~have_address),
            self.acts.eq(have_address & fetched & ~self.r.valid),
        ]
        with m.If(self.ar.valid & self.ar.ready):
            m.d.sync += [have_address.eq(1), self.address.eq(self.ar.p.addr)]
        with m.If(self.r.ready):
            m.d.sync += self.r.valid.eq(0)
        with m.If(have_address):
            m.d.sync += fetched.eq(1)
        with m.If(self.acts):
            m.d.sync += [
                have_address.eq(0),
                fetched.eq(0),
                self.r.valid.eq(1),
                self.r.p.data.eq(Mux(self.good, self.value, 0)),
                self.r.p.resp.eq(Mux(self.good, OKAY, SLAVE_ERROR)),
            ]
        return m
