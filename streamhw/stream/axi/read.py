# SPDX-License-Identifier: Apache-2.0
"""Reads memory through AXI4: commands in, a stream of memory beats out."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..queue import Queue
from .bursts import Bursts, longest_burst, part_width
from .signature import ADDRESS_WIDTH, CACHE, INCREMENT, OKAY, axi4_read, command, word

__all__ = ["ReadDma"]


class ReadDma(wiring.Component):
    """Fetches the beats of each command, in order, with as many bursts under way as fit the buffer.

    Memory may be striped over several buses: a beat then has a part of each, and byte A of memory
    is in bus ``(A / part) % n`` at its byte ``A / (part n) * part`` (+ ``begins``). The buses get
    the same bursts, and may be ahead of each other by what the buffers hold::

        i_command --> Bursts --> AR of all buses   (only if the buffers have room for the burst)
                                 R  --> buffer -+
                                 R  --> buffer -+--> o

    Parameters
    ----------
    width: bits of a memory beat
    buffer: beats that are on their way or wait for ``o``, at least ``burst``
    burst: beats of the longest burst, a power of two to 256; 4 KiB of a bus if that is shorter
    address: bits of a byte address
    begins: for each bus, the address of its byte 0; a single one begins at 0

    Members
    -------
    i_command: stream of ``command(address)``
    o: stream of ``raw(width)``
    bus: array of AXI4 masters, AR and R, each of ``width / n`` bits
    stat_level: beats that are on their way or wait for ``o``
    stat_error: some beat since reset came with an error response

    Timing: 4 cycles from a command to its AR; 1 cycle from R to ``o`` (3 if ``buffer`` > 64); a
    burst may start in each cycle. One beat a cycle for ever if ``buffer`` is at least the cycles
    from AR to R of the memory plus ``burst`` plus 4 (6 if ``buffer`` > 64).
    Buffers: ``buffer`` beats, a memory for each bus.
    Error: beats with an error response pass on ``o`` like others and set ``stat_error``.
    Stalls: lossless; R is always accepted at once, as its room is reserved before AR. No
    combinational path from an input to an output.
    Raises: ``ValueError`` if the buffer is shorter than a burst, buses are not a power of two, or
    for a width or burst that AXI4 does not allow.
    """

    def __init__(
        self,
        *,
        width: int,
        buffer: int,
        burst: int = 64,
        address: int = ADDRESS_WIDTH,
        begins: Sequence[int] = (0,),
    ):
        part = part_width(width, begins)
        longest = longest_burst(part, burst)
        if buffer < longest:
            raise ValueError(
                f"ReadDma buffer must be at least the burst of {longest} beats, not {buffer}"
            )
        self._part = part
        self._begins = tuple(begins)
        self._burst = burst
        self._address = address
        self._buffer = buffer
        super().__init__(
            {
                "i_command": In(stream.Signature(command(address))),
                "o": Out(word(width)),
                "bus": Out(axi4_read(width=part, address=address)).array(len(begins)),
                "stat_level": Out(range(buffer + 1)),
                "stat_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bursts = bursts = Bursts(
            width=self._part, burst=self._burst, address=self._address, stripes=len(self._begins)
        )
        wiring.connect(m, wiring.flipped(self.i_command), bursts.i)

        room = Signal(range(self._buffer + 1), init=self._buffer)
        free = Signal(len(self._begins))
        fits = Signal()
        issue = Signal()
        freed = Signal()
        m.d.comb += [
            fits.eq(bursts.o.p.beats <= room),
            bursts.o.ready.eq(fits & free.all()),
            issue.eq(bursts.o.valid & bursts.o.ready),
            freed.eq(self.o.valid & self.o.ready),
            self.stat_level.eq(self._buffer - room),
        ]
        m.d.sync += room.eq(room - Mux(issue, bursts.o.p.beats, 0) + freed)

        filled = Signal(len(self._begins))
        m.d.comb += self.o.valid.eq(filled.all())
        for n, (begin, bus) in enumerate(zip(self._begins, self.bus, strict=True)):
            ar, r = bus.ar, bus.r
            m.d.comb += [
                free[n].eq(~ar.valid | ar.ready),
                ar.p.size.eq((self._part // 8).bit_length() - 1),
                ar.p.burst.eq(INCREMENT),
                ar.p.cache.eq(CACHE),
            ]
            with m.If(issue):
                m.d.sync += [
                    ar.valid.eq(1),
                    ar.p.addr.eq(begin + bursts.o.p.address),
                    ar.p.len.eq(bursts.o.p.beats - 1),
                ]
            with m.Elif(ar.ready):
                m.d.sync += ar.valid.eq(0)

            buffer = Queue(shape=self._part, depth=self._buffer)
            m.submodules[f"buffer_{n}"] = buffer
            m.d.comb += [
                buffer.i.valid.eq(r.valid),
                buffer.i.p.eq(r.p.data),
                r.ready.eq(buffer.i.ready),
                filled[n].eq(buffer.o.valid),
                self.o.p.as_value().word_select(n, self._part).eq(buffer.o.p),
                buffer.o.ready.eq(freed),
            ]
            with m.If(r.valid & r.ready & (r.p.resp != OKAY)):
                m.d.sync += self.stat_error.eq(1)
        return m
