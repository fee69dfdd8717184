# SPDX-License-Identifier: Apache-2.0
"""Writes memory through AXI4: commands and memory beats in, one answer a command out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..queue import Queue
from .bursts import Bursts, longest_burst
from .signature import ADDRESS_WIDTH, CACHE, INCREMENT, OKAY, axi4_write, command, word, write_data

__all__ = ["WriteDma"]


class WriteDma(wiring.Component):
    """Stores the beats of each command, in order, and says when memory has them.

    ::

        i_command --> Bursts --> AW     (only when the buffer holds the whole burst)
        i_data --> buffer -----> W
                                 B  --> o_done

    Data comes before its address, so a burst that has been granted never waits for the data of a
    kernel, and no order of grants can block several masters of one memory for ever.

    Parameters
    ----------
    width: bits of a memory beat
    burst: beats of the longest burst, a power of two to 256; 4 KiB if that is shorter
    buffer: beats that wait for W, at least ``burst``; twice that unless given
    outstanding: bursts whose B may be missing, at least 1
    address: bits of a byte address

    Members
    -------
    i_command: stream of ``command(address)``
    i_data: stream of ``write_data(width)``; beats with strobe 0 count but leave memory as it is
    o_done: stream of ``raw(1)``, one beat a command after the B of all its bursts; 1 if one of
        them was an error
    bus: AXI4 master, AW, W and B
    stat_level: beats in the buffer
    stat_error: some burst since reset got an error response

    Timing: a burst starts 4 cycles after its command and at least 2 after its last beat, and W
    follows at one beat a cycle; one beat a cycle for ever if ``buffer`` is at least
    ``burst`` + 6 and memory answers within ``outstanding`` bursts. One command a cycle if each
    has one beat.
    Buffers: ``buffer`` beats, and two beats of ``o_done``; a full ``o_done`` holds back B.
    Stalls: lossless; no combinational path from an input to an output.
    Raises: ``ValueError`` if the buffer is shorter than a burst, ``outstanding`` is not positive,
    or for a width or burst that AXI4 does not allow.
    """

    def __init__(
        self,
        *,
        width: int,
        burst: int = 64,
        buffer: int | None = None,
        outstanding: int = 8,
        address: int = ADDRESS_WIDTH,
    ):
        longest = longest_burst(width, burst)
        self._buffer = 2 * longest if buffer is None else buffer
        if self._buffer < longest:
            raise ValueError(
                f"WriteDma buffer must be at least the burst of {longest} beats, not {buffer}"
            )
        if outstanding < 1:
            raise ValueError(f"WriteDma outstanding must be at least 1, not {outstanding}")
        self._width = width
        self._burst = burst
        self._address = address
        self._outstanding = outstanding
        super().__init__(
            {
                "i_command": In(stream.Signature(command(address))),
                "i_data": In(stream.Signature(write_data(width))),
                "o_done": Out(word(1)),
                "bus": Out(axi4_write(width=width, address=address)),
                "stat_level": Out(range(self._buffer + 1)),
                "stat_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bursts = bursts = Bursts(
            width=self._width, burst=self._burst, address=self._address
        )
        m.submodules.buffer = buffer = Queue(shape=self.i_data.p.shape(), depth=self._buffer)
        m.submodules.lengths = lengths = Queue(shape=8, depth=self._outstanding)
        m.submodules.lasts = lasts = Queue(shape=1, depth=self._outstanding)
        m.submodules.done = done = Queue(shape=self.o_done.p.shape(), depth=2)
        wiring.connect(m, wiring.flipped(self.i_command), bursts.i)
        wiring.connect(m, wiring.flipped(self.i_data), buffer.i)
        wiring.connect(m, done.o, wiring.flipped(self.o_done))
        m.d.comb += self.stat_level.eq(buffer.stat_level)

        aw = self.bus.aw
        unclaimed = Signal(range(self._buffer + 1))  # buffered beats that no AW has announced
        may_issue = Signal()
        issue = Signal()
        stored = Signal()
        m.d.comb += [
            may_issue.eq(
                (bursts.o.p.beats <= unclaimed)
                & (~aw.valid | aw.ready)
                & lengths.i.ready
                & lasts.i.ready
            ),
            bursts.o.ready.eq(may_issue),
            issue.eq(bursts.o.valid & may_issue),
            stored.eq(self.i_data.valid & self.i_data.ready),
            lengths.i.valid.eq(issue),
            lengths.i.p.eq(bursts.o.p.beats - 1),
            lasts.i.valid.eq(issue),
            lasts.i.p.eq(bursts.o.p.last),
        ]
        m.d.sync += unclaimed.eq(unclaimed - Mux(issue, bursts.o.p.beats, 0) + stored)
        m.d.comb += [
            aw.p.size.eq((self._width // 8).bit_length() - 1),
            aw.p.burst.eq(INCREMENT),
            aw.p.cache.eq(CACHE),
        ]
        with m.If(issue):
            m.d.sync += [
                aw.valid.eq(1),
                aw.p.addr.eq(bursts.o.p.address),
                aw.p.len.eq(bursts.o.p.beats - 1),
            ]
        with m.Elif(aw.ready):
            m.d.sync += aw.valid.eq(0)

        w = self.bus.w
        send = Signal()
        last = Signal()
        sent = Signal(8)  # beats of the burst that went before
        m.d.comb += [
            send.eq(lengths.o.valid & buffer.o.valid & (~w.valid | w.ready)),
            last.eq(sent == lengths.o.p),
            buffer.o.ready.eq(lengths.o.valid & (~w.valid | w.ready)),
            lengths.o.ready.eq(send & last),
        ]
        with m.If(send):
            m.d.sync += [
                w.valid.eq(1),
                w.p.data.eq(buffer.o.p.data),
                w.p.strb.eq(buffer.o.p.strobe),
                w.p.last.eq(last),
                sent.eq(Mux(last, 0, sent + 1)),
            ]
        with m.Elif(w.ready):
            m.d.sync += w.valid.eq(0)

        b = self.bus.b
        failed = Signal()  # an earlier burst of the command did
        error = Signal()
        answer = Signal()
        m.d.comb += [
            b.ready.eq(lasts.o.valid & done.i.ready),
            answer.eq(b.valid & b.ready),
            lasts.o.ready.eq(answer),
            error.eq(failed | (b.p.resp != OKAY)),
            done.i.valid.eq(answer & lasts.o.p),
            done.i.p[0].eq(error),
        ]
        with m.If(answer):
            m.d.sync += failed.eq(error & ~lasts.o.p)
            with m.If(b.p.resp != OKAY):
                m.d.sync += self.stat_error.eq(1)
        return m
