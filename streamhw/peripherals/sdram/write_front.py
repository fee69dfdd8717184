# SPDX-License-Identifier: Apache-2.0
"""The write channels of an AXI4 slave: bursts become writes of single beats."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...stream.axi.signature import axi4_write
from ...stream.queue import Queue
from ...stream.skid import Skid
from .burst import BEAT_BITS, burst_layout, burst_of, connect_gated

__all__ = ["WriteFront"]

ANSWERS = 4
"""Answers that may wait for BREADY before a burst must."""


class WriteFront(wiring.Component):
    """Takes AW and W in any order, offers each beat with its address, and answers.

    Memory serves accesses in their order, so that a burst is answered when its last beat is taken:
    whatever is read after the answer is read behind the beat. Nothing of a faulty burst is offered.

    Parameters
    ----------
    address_bits: of the address of a beat in memory

    Members
    -------
    bus: AXI4 slave (AW, W and B), bursts of any length that AXI allows
    awake: AW and W are taken
    o: stream of ``address``, ``data`` and ``strobe``

    Timing: a beat a cycle, and one cycle between two bursts; 2 cycles from AW, 1 from W to the
    beat, 2 from the last beat to B.
    Buffers: 2 of AW, 2 beats of W, ``ANSWERS`` of B.
    Stalls: lossless; a BREADY that stays away holds back bursts behind those ``ANSWERS``.
    """

    def __init__(self, *, address_bits: int):
        self._address_bits = address_bits
        beat = data.StructLayout(
            {"address": address_bits, "data": BEAT_BITS, "strobe": BEAT_BITS // 8}
        )
        super().__init__(
            {
                "bus": In(axi4_write(width=BEAT_BITS)),
                "awake": In(1),
                "o": Out(stream.Signature(beat)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        layout = burst_layout(self._address_bits)
        m.submodules.bursts = bursts = Skid(shape=layout)
        m.submodules.beats = beats = Skid(shape=bus.w.p.shape())
        m.submodules.answers = answers = Queue(shape=bus.b.p.shape(), depth=ANSWERS)
        m.d.comb += [*burst_of(bus.aw.p, bursts.i.p), beats.i.p.eq(bus.w.p)]
        connect_gated(m, bus.aw, bursts.i, self.awake)
        connect_gated(m, bus.w, beats.i, self.awake)
        wiring.connect(m, answers.o, wiring.flipped(bus.b))

        busy = Signal()
        burst = Signal(layout, reset_less=True)
        fine = Signal()
        passes = Signal()
        last = Signal()
        m.d.comb += [
            fine.eq(burst.resp == 0),
            last.eq(burst.left == 0),
            bursts.o.ready.eq(~busy & answers.i.ready),
            self.o.valid.eq(busy & fine & beats.o.valid),
            self.o.p.address.eq(burst.address),
            self.o.p.data.eq(beats.o.p.data),
            self.o.p.strobe.eq(beats.o.p.strb),
            beats.o.ready.eq(busy & (self.o.ready | ~fine)),
            passes.eq(beats.o.valid & beats.o.ready),
            # there is room: a burst begins only then, and only it answers
            answers.i.valid.eq(passes & last),
            answers.i.p.id.eq(burst.id),
            answers.i.p.resp.eq(burst.resp),
        ]
        with m.If(passes):
            m.d.sync += [
                burst.address.eq(burst.address + 1),
                burst.left.eq(burst.left - 1),
                busy.eq(~last),
            ]
        with m.If(bursts.o.valid & bursts.o.ready):
            m.d.sync += [burst.eq(bursts.o.p), busy.eq(1)]
        return m
