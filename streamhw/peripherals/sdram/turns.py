# SPDX-License-Identifier: Apache-2.0
"""Reads and writes take turns, in groups: each turn of the data pins costs time."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...stream.skid import Skid
from .burst import BEAT_BITS

__all__ = ["GROUP", "Turns"]

GROUP = 16
"""Accesses of one direction while the other waits."""


class Turns(wiring.Component):
    """Merges reads and writes; one direction goes on until ``GROUP`` accesses, or a gap.

    Parameters  address_bits: of the address of a beat
    Members     reads: In(stream of ``address``)
                writes: In(stream of ``address``, ``data``, ``strobe``)
                o: Out(stream of ``address``, ``write``, ``data``, ``strobe``)
    Timing      latency = 1 cycle; one access a cycle
    Stalls      lossless; neither direction waits for more than ``GROUP`` accesses of the other
    """

    def __init__(self, *, address_bits: int):
        address = {"address": address_bits}
        beat = {"data": BEAT_BITS, "strobe": BEAT_BITS // 8}
        super().__init__(
            {
                "reads": In(stream.Signature(data.StructLayout(address))),
                "writes": In(stream.Signature(data.StructLayout(address | beat))),
                "o": Out(stream.Signature(data.StructLayout(address | {"write": 1} | beat))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        reads, writes = self.reads, self.writes
        m.submodules.skid = skid = Skid(shape=self.o.p.shape())
        wiring.connect(m, skid.o, wiring.flipped(self.o))

        writing = Signal()  # the last access was a write
        run = Signal(range(GROUP))  # accesses of its direction before it, while the other waited
        spent = Signal()
        write, waits, passes = Signal(), Signal(), Signal()
        m.d.comb += [
            write.eq(writes.valid & (~reads.valid | (writing ^ spent))),
            waits.eq(reads.valid & writes.valid),
            skid.i.valid.eq(reads.valid | writes.valid),
            skid.i.p.write.eq(write),
            skid.i.p.data.eq(writes.p.data),
            skid.i.p.strobe.eq(writes.p.strobe),
            writes.ready.eq(skid.i.ready & write),
            reads.ready.eq(skid.i.ready & ~write),
            passes.eq(skid.i.valid & skid.i.ready),
        ]
        with m.If(write):
            m.d.comb += skid.i.p.address.eq(writes.p.address)
        with m.Else():
            m.d.comb += skid.i.p.address.eq(reads.p.address)
        with m.If(passes):
            m.d.sync += [writing.eq(write), spent.eq(0), run.eq(0)]
            with m.If(waits & (write == writing)):
                m.d.sync += [run.eq(run + 1), spent.eq(run == GROUP - 2)]
        return m
