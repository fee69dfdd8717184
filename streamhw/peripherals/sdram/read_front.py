# SPDX-License-Identifier: Apache-2.0
"""The read channels of an AXI4 slave: bursts become reads of single beats, answered in order."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...stream.axi.signature import axi4_read
from ...stream.queue import Queue
from ...stream.skid import Skid
from .burst import BEAT_BITS, burst_layout, burst_of, connect_gated

__all__ = ["ReadFront"]

BURSTS = 16
"""Bursts whose beats may be missing."""


class ReadFront(wiring.Component):
    """Asks for the beats of each burst, and gives them to the master under its ID.

    It asks only for what there is room for, so that a master that takes no beat stops nothing but
    its own reads. All beats are answered in the order of the bursts; those of a faulty burst are
    not asked for.

    Parameters
    ----------
    address_bits: of the address of a beat in memory
    room: beats that may be under way, at least 1

    Members
    -------
    bus: AXI4 slave (AR and R), bursts of any length that AXI allows
    awake: AR is taken
    o: stream of ``address``   i: stream of the beats, in the order of ``o``

    Timing: a beat a cycle in both directions, and one cycle between two bursts; 2 cycles from AR
    to the address, 1 from a beat to R.
    Buffers: 2 of AR, ``BURSTS`` bursts under way, 2 beats of R; those under way are the memory's.
    Stalls: lossless.
    Raises: ``ValueError`` if there is no room.
    """

    def __init__(self, *, address_bits: int, room: int):
        if room < 1:
            raise ValueError(f"ReadFront room must be at least 1 beat, not {room}")
        self._address_bits = address_bits
        self._room = room
        super().__init__(
            {
                "bus": In(axi4_read(width=BEAT_BITS)),
                "awake": In(1),
                "o": Out(stream.Signature(data.StructLayout({"address": address_bits}))),
                "i": In(stream.Signature(BEAT_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        layout = burst_layout(self._address_bits)
        owed = data.StructLayout({"left": 8, "id": len(bus.ar.p.id), "resp": 2})
        m.submodules.bursts = bursts = Skid(shape=layout)
        m.submodules.order = order = Queue(shape=owed, depth=BURSTS)
        m.submodules.beats = beats = Skid(shape=bus.r.p.shape())
        m.d.comb += burst_of(bus.ar.p, bursts.i.p)
        connect_gated(m, bus.ar, bursts.i, self.awake)
        wiring.connect(m, beats.o, wiring.flipped(bus.r))

        # asks
        busy = Signal()
        left = Signal(8, reset_less=True)
        address = Signal(self._address_bits, reset_less=True)
        free = Signal(range(self._room + 1), init=self._room)
        some = Signal(init=1)  # free != 0
        begins, asked, given = Signal(), Signal(), Signal()
        m.d.comb += [
            begins.eq(bursts.o.valid & ~busy & order.i.ready),
            bursts.o.ready.eq(~busy & order.i.ready),
            order.i.valid.eq(begins),
            order.i.p.left.eq(bursts.o.p.left),
            order.i.p.id.eq(bursts.o.p.id),
            order.i.p.resp.eq(bursts.o.p.resp),
            self.o.valid.eq(busy & some),
            self.o.p.address.eq(address),
            asked.eq(self.o.valid & self.o.ready),
        ]
        with m.If(begins):
            m.d.sync += [
                busy.eq(bursts.o.p.resp == 0),
                left.eq(bursts.o.p.left),
                address.eq(bursts.o.p.address),
            ]
        with m.If(asked):
            m.d.sync += [address.eq(address + 1), left.eq(left - 1), busy.eq(left != 0)]
        with m.If(asked & ~given):
            m.d.sync += [free.eq(free - 1), some.eq(free != 1)]
        with m.Elif(given & ~asked):
            m.d.sync += [free.eq(free + 1), some.eq(1)]

        # answers
        taken = Signal(8)  # beats of the burst
        fine, last, passes = Signal(), Signal(), Signal()
        m.d.comb += [
            fine.eq(order.o.p.resp == 0),
            last.eq(taken == order.o.p.left),
            beats.i.valid.eq(order.o.valid & (self.i.valid | ~fine)),
            beats.i.p.data.eq(self.i.p),
            beats.i.p.id.eq(order.o.p.id),
            beats.i.p.resp.eq(order.o.p.resp),
            beats.i.p.last.eq(last),
            passes.eq(beats.i.valid & beats.i.ready),
            order.o.ready.eq(passes & last),
            self.i.ready.eq(order.o.valid & fine & beats.i.ready),
            given.eq(self.i.valid & self.i.ready),
        ]
        with m.If(passes):
            m.d.sync += taken.eq(taken + 1)
            with m.If(last):
                m.d.sync += taken.eq(0)
        return m
