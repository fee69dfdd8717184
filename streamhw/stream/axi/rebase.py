# SPDX-License-Identifier: Apache-2.0
"""Moves the bursts of a memory port to where a host has put its memory."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..skid import Skid
from .bursts import PAGE

__all__ = ["FAR_WIDTH", "PAGE_BITS", "Rebase", "rebased"]

FAR_WIDTH = 64
"""Bits of a byte address as hosts count them."""
PAGE_BITS = PAGE.bit_length() - 1


def rebased() -> data.StructLayout:
    """A burst on AR or AW with a wide address and no ID: answers come in the order of requests."""
    fields = {"addr": FAR_WIDTH, "len": 8, "size": 3, "burst": 2, "lock": 1, "cache": 4, "prot": 3}
    return data.StructLayout(fields)


class Rebase(wiring.Component):
    """Adds whole pages of 4 KiB to each address, so that no burst begins to cross one.

    Parameters
    ----------
    shape: payload of AR or AW of ``axi4``

    Members
    -------
    i: In(stream of ``shape``)
    o: Out(stream of ``rebased()``)
    pages: In, what is added, in pages modulo 2**52; rests while anything is under way
    hold: In(1), nothing is shown at ``o``: for the time of a reset

    Timing: latency 2 cycles; one burst a cycle. All of ``o`` but ``hold``'s gate is registers.
    Buffers: 3 bursts.
    Stalls: lossless. What was taken at ``i`` is shown again after ``hold``: whoever counts what
    memory owes has counted it. Belongs into a domain that is never reset.
    """

    def __init__(self, *, shape: data.StructLayout):
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(rebased())),
                "pages": In(FAR_WIDTH - PAGE_BITS),
                "hold": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.skid = skid = Skid(shape=self.i.p.shape())
        wiring.connect(m, wiring.flipped(self.i), skid.i)

        near = skid.o.p
        held = Signal(rebased(), reset_less=True)
        valid = Signal()
        m.d.comb += [
            skid.o.ready.eq(~valid | (self.o.valid & self.o.ready)),
            self.o.valid.eq(valid & ~self.hold),
            self.o.p.eq(held),
        ]
        with m.If(skid.o.ready):
            m.d.sync += [
                valid.eq(skid.o.valid),
                held.addr[:PAGE_BITS].eq(near.addr[:PAGE_BITS]),
                held.addr[PAGE_BITS:].eq((near.addr >> PAGE_BITS) + self.pages),
            ]
            m.d.sync += [held[name].eq(near[name]) for name, _ in rebased() if name != "addr"]
        return m
