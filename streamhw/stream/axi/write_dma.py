# SPDX-License-Identifier: Apache-2.0
"""Writes memory through AXI4: commands and memory beats in, one answer a command out."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..queue import Queue
from ..shared_module import SharedComponent
from ..skid import Skid
from .bursts import Bursts, longest_burst, part_width
from .signature import ADDRESS_WIDTH, CACHE, INCREMENT, OKAY, axi4_write, command, word, write_data

__all__ = ["WriteDma"]


class WriteDma(wiring.Component):
    """Stores the beats of each command, in order, and says when memory has them.

    Memory may be striped over several buses, as for ``ReadDma``; ``o_done`` waits for all::

        i_command --> Bursts --> AW     (only when the buffers hold the whole burst)
        i_data --> buffer -----> W
                                 B  --> o_done

    Data comes before its address, so a burst that has been granted never waits for the data of a
    kernel, and no order of grants can block several masters of one memory for ever.

    Parameters
    ----------
    width: bits of a memory beat
    burst: beats of the longest burst, a power of two to 256; 4 KiB of a bus if that is shorter
    buffer: beats that wait for W, at least ``burst``; twice that unless given
    outstanding: bursts whose B may be missing, at least 1
    address: bits of a byte address
    begins: for each bus, the address of its byte 0; a single one begins at 0

    Members
    -------
    i_command: stream of ``command(address)``
    i_data: stream of ``write_data(width)``; beats with strobe 0 count but leave memory as it is
    o_done: stream of ``raw(1)``, one beat a command after the B of all its bursts; 1 if one of
        them was an error
    bus: array of AXI4 masters, AW, W and B, each of ``width / n`` bits
    stat_level: beats in the buffer of bus 0

    Timing: a burst starts 4 cycles after its command and at least 2 after its last beat, and W
    follows at one beat a cycle; one beat a cycle for ever if ``buffer`` is at least
    ``burst`` + 6 and memory answers within ``outstanding`` bursts. One command a cycle if each
    has one beat.
    Buffers: ``buffer`` beats, and two beats of ``o_done``; a full ``o_done`` holds back B.
    Stalls: lossless; no combinational path from an input to an output.
    Raises: ``ValueError`` if the buffer is shorter than a burst, ``outstanding`` is not positive,
    buses are not a power of two, or for a width or burst that AXI4 does not allow.
    """

    def __init__(
        self,
        *,
        width: int,
        burst: int = 64,
        buffer: int | None = None,
        outstanding: int = 8,
        address: int = ADDRESS_WIDTH,
        begins: Sequence[int] = (0,),
    ):
        part = part_width(width, begins)
        longest = longest_burst(part, burst)
        self._buffer = 2 * longest if buffer is None else buffer
        if self._buffer < longest:
            raise ValueError(
                f"WriteDma buffer must be at least the burst of {longest} beats, not {buffer}"
            )
        if outstanding < 1:
            raise ValueError(f"WriteDma outstanding must be at least 1, not {outstanding}")
        self._part = part
        self._begins = tuple(begins)
        self._burst = burst
        self._address = address
        self._outstanding = outstanding
        super().__init__(
            {
                "i_command": In(stream.Signature(command(address))),
                "i_data": In(stream.Signature(write_data(width))),
                "o_done": Out(word(1)),
                "bus": Out(axi4_write(width=part, address=address)).array(len(begins)),
                "stat_level": Out(range(self._buffer + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bursts = bursts = Bursts(
            width=self._part, burst=self._burst, address=self._address, stripes=len(self._begins)
        )
        wiring.connect(m, wiring.flipped(self.i_command), bursts.i)
        members = _bus_members(self._part, self._buffer, self._address)

        def bus() -> _WriteBus:
            return _WriteBus(
                members=members,
                width=self._part,
                buffer=self._buffer,
                outstanding=self._outstanding,
                together=len(self._begins) > 1,
            )

        buses = []
        module = f"write_bus_{self._part}x{self._buffer}_{self._outstanding}_{self._address}"
        for n in range(len(self._begins)):
            part = SharedComponent(bus, members, module) if len(self._begins) > 1 else bus()
            m.submodules[f"bus_{n}"] = part
            wiring.connect(m, part.bus, wiring.flipped(self.bus[n]))
            buses.append(part)

        unclaimed = Signal(range(self._buffer + 1))  # buffered beats that no AW has announced
        may_issue = Signal()
        issue = Signal()
        takes = Signal(len(buses))
        stored = Signal()
        m.d.comb += [
            may_issue.eq(
                (bursts.o.p.beats <= unclaimed) & Cat(bus.may_issue for bus in buses).all()
            ),
            bursts.o.ready.eq(may_issue),
            issue.eq(bursts.o.valid & may_issue),
            takes.eq(Cat(bus.i.ready for bus in buses)),
            self.i_data.ready.eq(takes.all()),
            stored.eq(self.i_data.valid & self.i_data.ready),
            self.stat_level.eq(buses[0].level),
        ]
        # both sums beside the decision, which comes late
        m.d.sync += unclaimed.eq(
            Mux(issue, unclaimed - bursts.o.p.beats + stored, unclaimed + stored)
        )

        done = Signal()
        answered = Signal()
        m.d.comb += [
            answered.eq(Cat(bus.o.valid for bus in buses).all()),
            done.eq(answered & self.o_done.ready),
            self.o_done.valid.eq(answered),
            self.o_done.p[0].eq(Cat(bus.o.p for bus in buses).any()),
        ]
        data_bits, strobe_bits = self._part, self._part // 8
        for n, part in enumerate(buses):
            m.d.comb += [
                part.i.p.data.eq(self.i_data.p.data.word_select(n, data_bits)),
                part.i.p.strobe.eq(self.i_data.p.strobe.word_select(n, strobe_bits)),
                part.i.valid.eq(stored),
                part.issue.eq(issue),
                part.burst.address.eq(self._begins[n] + bursts.o.p.address),
                part.burst.beats.eq(bursts.o.p.beats),
                part.burst.last.eq(bursts.o.p.last),
                part.o.ready.eq(done),
            ]
        return m


def _bus_members(width: int, buffer: int, address: int) -> dict[str, wiring.Member]:
    burst = data.StructLayout({"address": address, "beats": 9, "last": 1})
    return {
        "i": In(stream.Signature(write_data(width))),
        "may_issue": Out(1),
        "issue": In(1),
        "burst": In(burst),
        "o": Out(stream.Signature(1)),
        "level": Out(range(buffer + 1)),
        "bus": Out(axi4_write(width=width, address=address)),
    }


class _WriteBus(wiring.Component):
    """One bus of a ``WriteDma``: the bursts that it is told of, with the data that came before.

    together: as of the bus of a ``ReadDma``, of AW
    """

    def __init__(
        self,
        *,
        members: dict[str, wiring.Member],
        width: int,
        buffer: int,
        outstanding: int,
        together: bool,
    ):
        self._together = together
        self._width = width
        self._buffer = buffer
        self._outstanding = outstanding
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = Queue(shape=self.i.p.shape(), depth=self._buffer)
        m.submodules.lengths = lengths = Queue(shape=8, depth=self._outstanding)
        m.submodules.lasts = lasts = Queue(shape=1, depth=self._outstanding)
        m.submodules.done = done = Queue(shape=1, depth=2)
        wiring.connect(m, wiring.flipped(self.i), buffer.i)
        wiring.connect(m, done.o, wiring.flipped(self.o))

        aw = self.bus.aw
        room = Signal()  # for another AW
        m.d.comb += [
            self.may_issue.eq(room & lengths.i.ready & lasts.i.ready),
            lengths.i.valid.eq(self.issue),
            lengths.i.p.eq(self.burst.beats - 1),
            lasts.i.valid.eq(self.issue),
            lasts.i.p.eq(self.burst.last),
            aw.p.size.eq((self._width // 8).bit_length() - 1),
            aw.p.burst.eq(INCREMENT),
            aw.p.cache.eq(CACHE),
        ]
        if self._together:
            burst = data.StructLayout({"begins": len(aw.p.addr), "length": 8})
            m.submodules.waiting = waiting = Skid(shape=burst)
            m.d.comb += [
                room.eq(waiting.i.ready),
                waiting.i.valid.eq(self.issue),
                waiting.i.p.begins.eq(self.burst.address),
                waiting.i.p.length.eq(self.burst.beats - 1),
                aw.p.addr.eq(waiting.o.p.begins),
                aw.p.len.eq(waiting.o.p.length),
                aw.valid.eq(waiting.o.valid),
                waiting.o.ready.eq(aw.ready),
            ]
        else:
            begins, length = Signal.like(aw.p.addr, reset_less=True), Signal(8, reset_less=True)
            m.d.comb += [
                room.eq(~aw.valid | aw.ready),
                aw.p.addr.eq(begins),
                aw.p.len.eq(length),
            ]
            with m.If(self.issue):
                m.d.sync += [
                    aw.valid.eq(1),
                    begins.eq(self.burst.address),
                    length.eq(self.burst.beats - 1),
                ]
            with m.Elif(aw.ready):
                m.d.sync += aw.valid.eq(0)

        w = self.bus.w
        beat = Signal.like(w.p, reset_less=True)
        send = Signal()
        last = Signal()
        sent = Signal(8)  # beats of the burst that went before
        m.d.comb += [
            send.eq(lengths.o.valid & buffer.o.valid & (~w.valid | w.ready)),
            last.eq(sent == lengths.o.p),
            w.p.eq(beat),
            buffer.o.ready.eq(lengths.o.valid & (~w.valid | w.ready)),
            lengths.o.ready.eq(send & last),
        ]
        with m.If(send):
            m.d.sync += [
                w.valid.eq(1),
                beat.data.eq(buffer.o.p.data),
                beat.strb.eq(buffer.o.p.strobe),
                beat.last.eq(last),
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
            done.i.p.eq(error),
            self.level.eq(buffer.stat_level),
        ]
        with m.If(answer):
            m.d.sync += failed.eq(error & ~lasts.o.p)
        return m
