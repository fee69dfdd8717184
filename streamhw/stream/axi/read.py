# SPDX-License-Identifier: Apache-2.0
"""Reads memory through AXI4: commands in, a stream of memory beats out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..queue import Queue
from .bursts import Bursts, longest_burst
from .signature import ADDRESS_WIDTH, CACHE, INCREMENT, OKAY, axi4_read, command, word

__all__ = ["ReadDma"]


class ReadDma(wiring.Component):
    """Fetches the beats of each command, in order, with as many bursts under way as fit the buffer.

    ::

        i_command --> Bursts --> AR     (only if the buffer has room for the whole burst)
                                 R  --> buffer --> o

    Parameters
    ----------
    width: bits of a memory beat
    buffer: beats that are on their way or wait for ``o``, at least ``burst``
    burst: beats of the longest burst, a power of two to 256; 4 KiB if that is shorter
    address: bits of a byte address

    Members
    -------
    i_command: stream of ``command(address)``
    o: stream of ``raw(width)``
    bus: AXI4 master, AR and R
    stat_level: beats in the buffer
    stat_error: some beat since reset came with an error response

    Timing: 4 cycles from a command to its AR; 1 cycle from R to ``o`` (3 if ``buffer`` > 64); a
    burst may start in each cycle. One beat a cycle for ever if ``buffer`` is at least the cycles
    from AR to R of the memory plus ``burst`` plus 4 (6 if ``buffer`` > 64).
    Buffers: ``buffer`` beats.
    Error: beats with an error response pass on ``o`` like others and set ``stat_error``.
    Stalls: lossless; R is always accepted at once, as its room is reserved before AR. No
    combinational path from an input to an output.
    Raises: ``ValueError`` if the buffer is shorter than a burst, or for a width or burst that AXI4
    does not allow.
    """

    def __init__(self, *, width: int, buffer: int, burst: int = 64, address: int = ADDRESS_WIDTH):
        longest = longest_burst(width, burst)
        if buffer < longest:
            raise ValueError(
                f"ReadDma buffer must be at least the burst of {longest} beats, not {buffer}"
            )
        self._width = width
        self._burst = burst
        self._address = address
        self._buffer = buffer
        super().__init__(
            {
                "i_command": In(stream.Signature(command(address))),
                "o": Out(word(width)),
                "bus": Out(axi4_read(width=width, address=address)),
                "stat_level": Out(range(buffer + 1)),
                "stat_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bursts = bursts = Bursts(
            width=self._width, burst=self._burst, address=self._address
        )
        m.submodules.buffer = buffer = Queue(shape=self.o.p.shape(), depth=self._buffer)
        wiring.connect(m, wiring.flipped(self.i_command), bursts.i)
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
        m.d.comb += self.stat_level.eq(buffer.stat_level)

        ar = self.bus.ar
        room = Signal(range(self._buffer + 1), init=self._buffer)
        fits = Signal()
        issue = Signal()
        freed = Signal()
        m.d.comb += [
            fits.eq(bursts.o.p.beats <= room),
            bursts.o.ready.eq(fits & (~ar.valid | ar.ready)),
            issue.eq(bursts.o.valid & bursts.o.ready),
            freed.eq(self.o.valid & self.o.ready),
        ]
        m.d.sync += room.eq(room - Mux(issue, bursts.o.p.beats, 0) + freed)
        m.d.comb += [
            ar.p.size.eq((self._width // 8).bit_length() - 1),
            ar.p.burst.eq(INCREMENT),
            ar.p.cache.eq(CACHE),
        ]
        with m.If(issue):
            m.d.sync += [
                ar.valid.eq(1),
                ar.p.addr.eq(bursts.o.p.address),
                ar.p.len.eq(bursts.o.p.beats - 1),
            ]
        with m.Elif(ar.ready):
            m.d.sync += ar.valid.eq(0)

        r = self.bus.r
        m.d.comb += [
            buffer.i.valid.eq(r.valid),
            buffer.i.p[0].eq(r.p.data),
            r.ready.eq(buffer.i.ready),
        ]
        with m.If(r.valid & r.ready & (r.p.resp != OKAY)):
            m.d.sync += self.stat_error.eq(1)
        return m
