# SPDX-License-Identifier: Apache-2.0
"""Reads memory through AXI4: commands in, a stream of memory beats out."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..queue import Queue
from ..shared_module import SharedComponent
from ..skid import Skid
from .bursts import Bursts, longest_burst, part_width
from .signature import ADDRESS_WIDTH, CACHE, INCREMENT, axi4_read, command, word

__all__ = ["ReadDma"]


class ReadDma(wiring.Component):
    """Fetches the beats of each command, in order, with as many bursts under way as fit the buffer.

    Memory serves requests in their order, so others wait behind all that are under way. A deep
    buffer, filled while nobody takes beats, needs no more of them than hide memory's latency.

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
    outstanding: of these, the most that are on their way, at least ``burst``; by default all
    burst: beats of the longest burst, a power of two to 256; 4 KiB of a bus if that is shorter
    address: bits of a byte address
    begins: for each bus, the address of its byte 0; a single one begins at 0

    Members
    -------
    i_command: stream of ``command(address)``
    o: stream of ``raw(width)``
    bus: array of AXI4 masters, AR and R, each of ``width / n`` bits
    stat_level: beats that are on their way or wait for ``o``

    Timing: 4 cycles from a command to its AR; 1 cycle from R to ``o`` (3 if ``buffer`` > 64); a
    burst may start in each cycle. One beat a cycle for ever if ``buffer``, and ``outstanding``, are
    at least the cycles from AR to R of the memory plus ``burst`` plus 4 (6 if ``buffer`` > 64).
    Buffers: ``buffer`` beats, a memory for each bus.
    Error: responses are not looked at: that is the ``ReadGuard``'s, which lets no faulty beat pass.
    Stalls: lossless; R is always accepted at once, as its room is reserved before AR. No
    combinational path from an input to an output.
    Raises: ``ValueError`` if the buffer or what may be under way is shorter than a burst, buses are
    not a power of two, or for a width or burst that AXI4 does not allow.
    """

    def __init__(
        self,
        *,
        width: int,
        buffer: int,
        burst: int = 64,
        address: int = ADDRESS_WIDTH,
        begins: Sequence[int] = (0,),
        outstanding: int | None = None,
    ):
        part = part_width(width, begins)
        longest = longest_burst(part, burst)
        if buffer < longest:
            raise ValueError(
                f"ReadDma buffer must be at least the burst of {longest} beats, not {buffer}"
            )
        if outstanding is not None and outstanding < longest:
            raise ValueError(
                f"ReadDma outstanding must be at least the burst of {longest} beats, not "
                f"{outstanding}"
            )
        # What the buffer has no room for is under way in no case.
        limited = outstanding is not None and outstanding < buffer
        self._limit = outstanding - longest if outstanding is not None and limited else None
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
        # both sums beside the decision, which comes late
        m.d.sync += room.eq(Mux(issue, room - bursts.o.p.beats + freed, room + freed))

        limit = "" if self._limit is None else f"_{self._limit}"
        module = f"read_bus_{self._part}x{self._buffer}_{self._address}{limit}"
        bus_members = _bus_members(self._part, self._address)

        def bus() -> _ReadBus:
            return _ReadBus(
                members=bus_members,
                width=self._part,
                buffer=self._buffer,
                limit=self._limit,
                together=len(self._begins) > 1,
            )

        filled = Signal(len(self._begins))
        m.d.comb += self.o.valid.eq(filled.all())
        for n, begin in enumerate(self._begins):
            part = SharedComponent(bus, bus_members, module) if len(self._begins) > 1 else bus()
            m.submodules[f"bus_{n}"] = part
            wiring.connect(m, part.bus, wiring.flipped(self.bus[n]))
            m.d.comb += [
                free[n].eq(part.may_issue),
                part.issue.eq(issue),
                part.begins.eq(begin + bursts.o.p.address),
                part.beats.eq(bursts.o.p.beats),
                filled[n].eq(part.o.valid),
                self.o.p.as_value().word_select(n, self._part).eq(part.o.p),
                part.o.ready.eq(freed),
            ]
        return m


def _bus_members(width: int, address: int) -> dict[str, wiring.Member]:
    return {
        "may_issue": Out(1),
        "issue": In(1),
        "begins": In(address),
        "beats": In(9),
        "o": Out(stream.Signature(width)),
        "bus": Out(axi4_read(width=width, address=address)),
    }


class _ReadBus(wiring.Component):
    """One bus of a ``ReadDma``: the bursts that it is told of, and a buffer for their beats.

    limit: beats under way with which it may still be told of another burst
    together: whether it is one of several, which take a burst only if all have room: that is said
        by a register then, and two bursts may wait for AR; else it depends on AR in the same cycle
    """

    def __init__(
        self,
        *,
        members: dict[str, wiring.Member],
        width: int,
        buffer: int,
        limit: int | None,
        together: bool,
    ):
        self._limit = limit
        self._together = together
        self._width = width
        self._buffer = buffer
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = Queue(shape=self._width, depth=self._buffer)
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
        ar, r = self.bus.ar, self.bus.r
        burst = Signal(data.StructLayout({"begins": len(ar.p.addr), "length": 8}), reset_less=True)
        few = Signal()
        if self._limit is not None:
            # What may still be under way; below 0, it is not few: that is the sign of a register.
            # Both cases are computed beside the decision, which comes late.
            left = Signal(range(-256, self._limit + 1), init=self._limit)
            without, with_it = Signal.like(left), Signal.like(left)
            m.d.comb += [
                without.eq(left + (r.valid & r.ready)),
                with_it.eq(without - self.beats),
                few.eq(left >= 0),
            ]
            m.d.sync += left.eq(Mux(self.issue, with_it, without))
        else:
            m.d.comb += few.eq(1)
        m.d.comb += [
            ar.p.addr.eq(burst.begins),
            ar.p.len.eq(burst.length),
            ar.p.size.eq((self._width // 8).bit_length() - 1),
            ar.p.burst.eq(INCREMENT),
            ar.p.cache.eq(CACHE),
            buffer.i.valid.eq(r.valid),
            buffer.i.p.eq(r.p.data),
            r.ready.eq(buffer.i.ready),
        ]
        if self._together:
            m.submodules.waiting = waiting = Skid(shape=burst.shape())
            m.d.comb += [
                self.may_issue.eq(waiting.i.ready & few),
                waiting.i.valid.eq(self.issue),
                waiting.i.p.begins.eq(self.begins),
                waiting.i.p.length.eq(self.beats - 1),
                burst.eq(waiting.o.p),
                ar.valid.eq(waiting.o.valid),
                waiting.o.ready.eq(ar.ready),
            ]
            return m
        m.d.comb += self.may_issue.eq((~ar.valid | ar.ready) & few)
        with m.If(self.issue):
            m.d.sync += [
                ar.valid.eq(1),
                burst.begins.eq(self.begins),
                burst.length.eq(self.beats - 1),
            ]
        with m.Elif(ar.ready):
            m.d.sync += ar.valid.eq(0)
        return m
