# SPDX-License-Identifier: Apache-2.0
"""Cuts memory beats into narrow ones and drops what pads a row behind its last element."""

from collections.abc import Iterable

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .queue import Queue

__all__ = ["Unpack", "unpack_drain"]

_WAITING = 2


class Unpack(wiring.Component):
    """Sends each row's first ``i_count`` parts, low end of a memory beat first.

    Every row begins in a new memory beat; the rest of the beat that holds its last part is
    dropped. The beat is shifted, so that the output is always its low end.

    Parameters  width: bits of a memory beat; part: bits of a narrow one, divides width;
                bound: largest count of a row
    Members     i: In(stream of unsigned(width));  o: Out(stream of unsigned(part))
                i_count: In(stream of range(bound + 1)), parts of the next row, at least 1; its
                ready depends on o.ready: put a queue in front, or a constant
    Timing      latency = 2 cycles; one part a cycle, also from beat to beat and from row to row
    Buffers     3 memory beats
    Stalls      lossless; no combinational path from i.valid to o.valid or from o.ready to i.ready
    Raises      ValueError: if part does not divide width
    """

    latency = 2

    def __init__(self, *, width: int, part: int, bound: int) -> None:
        if part < 1 or width % part:
            raise ValueError(f"Unpack part must divide the width {width}, not {part}")
        self._width = width
        self._part = part
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width))),
                "i_count": In(stream.Signature(range(bound + 1))),
                "o": Out(stream.Signature(unsigned(part))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.waiting = waiting = Queue(shape=unsigned(self._width), depth=_WAITING)
        wiring.connect(m, wiring.flipped(self.i), waiting.i)
        parts = self._width // self._part
        held = Signal(self._width)
        parts_left = Signal(range(max(2, parts)))  # of the beat, behind the part on o
        row_left = Signal.like(self.i_count.p)  # of the row, behind the part on o
        more, free, shift, load = (Signal(name=n) for n in ("more", "free", "shift", "load"))
        # All of these are plain assignments, not If: some event-driven simulators evaluate a
        # block only when its inputs change, and here they may rest from time zero on.
        m.d.comb += [
            self.o.p.eq(held[: self._part]),
            more.eq(row_left != 0),
            free.eq(~self.o.valid | self.o.ready),
            shift.eq(free & more & (parts_left != 0)),
            load.eq(free & ~shift & waiting.o.valid & (more | self.i_count.valid)),
            waiting.o.ready.eq(load),
            self.i_count.ready.eq(load & ~more),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(shift | load)
        with m.If(shift):
            m.d.sync += [
                held.eq(held[self._part :]),  # no shift: slow to check for loops
                parts_left.eq(parts_left - 1),
                row_left.eq(row_left - 1),
            ]
        with m.If(load):
            m.d.sync += [
                held.eq(waiting.o.p),
                parts_left.eq(parts - 1),
                row_left.eq(Mux(more, row_left, self.i_count.p) - 1),
            ]
        return m


def unpack_drain(counts: Iterable[int], *, parts: int) -> int:
    """Cycles from the last memory beat accepted to the last part offered.

    counts: parts of each row; parts: parts of a memory beat. Memory beats are offered from the
    start, each as early as the buffers accept it, and nothing else waits.
    """
    loads: list[int] = []
    now = 1
    for count in counts:
        for begin in range(0, count, parts):
            loads.append(now)
            now += min(parts, count - begin)
    last = len(loads) - 1
    accepted = max(last, loads[last - _WAITING] + 1) if last >= _WAITING else last
    return now - accepted
