# SPDX-License-Identifier: Apache-2.0
"""Reads and writes memory through AXI4 for streams of bytes, one range at a time."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...stream.axi.signature import ADDRESS_WIDTH, CACHE, INCREMENT, OKAY, axi4
from .protocol import BEAT, CRC_LIMIT

__all__ = ["BURST", "MemoryAccess", "memory_port"]

BURST = 16
"""Beats of the longest burst. Bursts end where a multiple of it does, so none crosses 4 KiB."""


def memory_port(*, address: int) -> wiring.Signature:
    """Accesses to ranges of memory as their master sees them, one at a time.

    request: stream of {``write``, ``beat``: address in beats, ``beats``: at least 1}
    write: stream of bytes, 16 for each beat; read: the same of what was read
    result: after the last byte, the first response that is not OKAY, or OKAY
    abandon: Out(1), the result is not waited for any more: none will come, nor bytes, nor are any
        taken; beats to write that are not complete have no strobes. The bus ends what it began, and
        only then ``request`` is ready again
    """
    shift = (BEAT - 1).bit_length()
    request = data.StructLayout(
        {"write": 1, "beat": address - shift, "beats": range(CRC_LIMIT // BEAT + 1)}
    )
    return wiring.Signature(
        {
            "request": Out(stream.Signature(request)),
            "write": Out(stream.Signature(8)),
            "read": In(stream.Signature(8)),
            "result": In(stream.Signature(2)),
            "abandon": Out(1),
        }
    )


class MemoryAccess(wiring.Component):
    """An AXI4 master of 128 bits with one burst under way, of ID 0.

    Parameters
    ----------
    address: bits of a byte address, 9 to 64

    Members
    -------
    port: ``memory_port`` from the other side
    bus: AXI4 master

    Timing: 2 cycles from a request to AR or AW; 17 cycles a beat, and 4 more a burst.
    Buffers: one beat.
    Stalls: what is shown at the bus stays until it is taken.
    Raises: ``ValueError`` if the bits of an address are out of their range.
    """

    def __init__(self, *, address: int = ADDRESS_WIDTH):
        if not 9 <= address <= 64:
            raise ValueError(f"MemoryAccess address must be 9 to 64 bits, not {address}")
        super().__init__(
            {
                "port": In(memory_port(address=address)),
                "bus": Out(axi4(width=8 * BEAT, address=address)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, port, request = self.bus, self.port, self.port.request
        place = Signal.like(request.p.beat)
        left = Signal.like(request.p.beats)
        writes = Signal()
        dropped = Signal()
        word = Signal(8 * BEAT, reset_less=True)
        count = Signal(range(BEAT))  # bytes of the word
        length = Signal(range(BURST))  # of the burst, less 1
        room = Signal(range(BURST))  # beats to where the burst must end, less 1
        response = port.result.payload

        m.d.comb += room.eq(~place[: len(room)])
        for channel in (bus.aw, bus.ar):
            m.d.comb += [
                channel.p.addr.eq(place << (BEAT - 1).bit_length()),
                channel.p.len.eq(length),
                channel.p.size.eq((BEAT - 1).bit_length()),
                channel.p.burst.eq(INCREMENT),
                channel.p.cache.eq(CACHE),
            ]
            with m.If(channel.ready):
                m.d.sync += channel.valid.eq(0)
        strobe = Signal()
        beats = Signal(range(BURST))  # of the burst that are done
        last = Signal()
        m.d.comb += [
            last.eq(beats == length),
            bus.w.p.data.eq(word),
            bus.w.p.strb.eq(strobe.replicate(BEAT)),
            bus.w.p.last.eq(last),
            port.read.payload.eq(word[:8]),
        ]
        m.d.sync += dropped.eq(dropped | port.abandon)
        asked = Signal()  # an answer before is of nothing that was asked
        m.d.comb += asked.eq(~(bus.aw.valid | bus.ar.valid))

        def heed(answer: Signal) -> None:
            """Keeps the first error."""
            with m.If(response == OKAY):
                m.d.sync += response.eq(answer)

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += request.ready.eq(1)
                m.d.sync += [
                    place.eq(request.p.beat),
                    left.eq(request.p.beats),
                    writes.eq(request.p.write),
                    dropped.eq(0),
                    response.eq(OKAY),
                ]
                with m.If(request.valid):
                    m.next = "BURST"
            with m.State("BURST"):
                m.d.sync += [length.eq(Mux(left > room, room, left - 1)), beats.eq(0), count.eq(0)]
                # AXI forbids that data wait until the address is taken.
                m.d.sync += [bus.aw.valid.eq(writes), bus.ar.valid.eq(~writes)]
                with m.If(writes):
                    m.next = "TAKE"
                with m.Else():
                    m.next = "READ"
            with m.State("TAKE"):
                m.d.comb += port.write.ready.eq(~dropped)
                m.d.sync += strobe.eq(~dropped)
                with m.If(port.write.valid & ~dropped):
                    m.d.sync += [word.eq(Cat(word[8:], port.write.payload)), count.eq(count + 1)]
                with m.If(dropped | (port.write.valid & (count == BEAT - 1))):
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += bus.w.valid.eq(1)
                with m.If(bus.w.ready):
                    m.d.sync += [beats.eq(beats + 1), count.eq(0)]
                    with m.If(last):
                        m.next = "ANSWER"
                    with m.Else():
                        m.next = "TAKE"
            with m.State("ANSWER"):
                m.d.comb += bus.b.ready.eq(asked)
                with m.If(asked & bus.b.valid):
                    heed(bus.b.p.resp)
                    m.next = "NEXT"
            with m.State("READ"):
                m.d.comb += bus.r.ready.eq(asked)
                with m.If(asked & bus.r.valid):
                    heed(bus.r.p.resp)
                    m.d.sync += [word.eq(bus.r.p.data), count.eq(0)]
                    m.next = "GIVE"
            with m.State("GIVE"):
                m.d.comb += port.read.valid.eq(~dropped)
                with m.If(port.read.ready):
                    m.d.sync += [word.eq(word[8:]), count.eq(count + 1)]
                with m.If(dropped | (port.read.ready & (count == BEAT - 1))):
                    m.d.sync += beats.eq(beats + 1)
                    with m.If(last):
                        m.next = "NEXT"
                    with m.Else():
                        m.next = "READ"
            with m.State("NEXT"):
                m.d.sync += [place.eq(place + length + 1), left.eq(left - length - 1)]
                with m.If(left == length + 1):
                    m.next = "RESULT"
                with m.Else():
                    m.next = "BURST"
            with m.State("RESULT"):
                m.d.comb += port.result.valid.eq(~dropped)
                with m.If(dropped | port.result.ready):
                    m.next = "IDLE"
        return m
