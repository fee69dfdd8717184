# SPDX-License-Identifier: Apache-2.0
"""Cuts memory beats into narrow ones and drops what pads a row behind its last element."""

from collections.abc import Iterable

from amaranth.hdl import Array, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..kernels.base import Resources

__all__ = ["Unpack", "Unpadded", "unpack_drain", "unpack_resources"]

_HELD = 2


class Unpack(wiring.Component):
    """Sends each row's first ``i_count`` parts, low end of a memory beat first.

    Every row begins in a new memory beat; the rest of the beat that holds its last part is
    dropped. Beats alternate between two registers, and a multiplexer picks the part: with wide
    beats that takes fewer cells than to shift them.

    Parameters  width: bits of a memory beat; part: bits of a narrow one, divides width;
                bound: largest count of a row
    Members     i: In(stream of unsigned(width));  o: Out(stream of unsigned(part))
                i_count: In(stream of range(bound + 1)), parts of the next row, at least 1; its
                ready depends on o.ready: put a queue in front, or a constant
    Timing      latency = 2 cycles; one part a cycle, also from beat to beat and from row to row
    Buffers     2 memory beats and a part
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
        parts = self._width // self._part
        held = [Signal(self._width, name=f"held_{n}") for n in range(_HELD)]
        full = Signal(_HELD)
        into, outof = Signal(range(_HELD)), Signal(range(_HELD))
        part = Signal(range(max(2, parts)))
        row_left = Signal.like(self.i_count.p)  # of the row, behind the part on o
        now = Signal.like(row_left)  # the same before the next part
        more, free, take, row_end, beat_end = (
            Signal(name=n) for n in ("more", "free", "take", "row_end", "beat_end")
        )
        size = self._part
        chosen = [
            Array(each[n * size : (n + 1) * size] for n in range(parts))[part] for each in held
        ]
        # All of these are plain assignments, not If: some event-driven simulators evaluate a
        # block only when its inputs change, and here they may rest from time zero on.
        m.d.comb += [
            self.i.ready.eq(~Mux(into, full[1], full[0])),
            more.eq(row_left != 0),
            now.eq(Mux(more, row_left, self.i_count.p)),
            free.eq(~self.o.valid | self.o.ready),
            take.eq(free & Mux(outof, full[1], full[0]) & (more | self.i_count.valid)),
            row_end.eq(now == 1),
            beat_end.eq(row_end | (part == parts - 1)),
            self.i_count.ready.eq(take & ~more),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(take)
        with m.If(take):
            m.d.sync += [
                self.o.p.eq(Mux(outof, chosen[1], chosen[0])),
                row_left.eq(now - 1),
                part.eq(Mux(beat_end, 0, part + 1)),
            ]
            with m.If(beat_end):
                m.d.sync += outof.eq(~outof)
                for n in range(_HELD):
                    with m.If(outof == n):
                        m.d.sync += full[n].eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += into.eq(~into)
            for n, each in enumerate(held):
                with m.If(into == n):
                    m.d.sync += [each.eq(self.i.p), full[n].eq(1)]
        return m


class Unpadded(wiring.Component):
    """``Unpack`` of rows of one length.

    Parameters  width: bits of a memory beat; part: bits of a narrow one, divides width; count:
                narrow beats of a row
    Members     i: In(stream of unsigned(width));  o: Out(stream of unsigned(part))
    Timing, Buffers, Stalls, Raises: as of ``Unpack``
    """

    latency = Unpack.latency

    def __init__(self, *, width: int, part: int, count: int) -> None:
        self._count = count
        self._unpack = Unpack(width=width, part=part, bound=count)
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width))),
                "o": Out(stream.Signature(unsigned(part))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unpack = unpack = self._unpack
        wiring.connect(m, wiring.flipped(self.i), unpack.i)
        wiring.connect(m, unpack.o, wiring.flipped(self.o))
        m.d.comb += [unpack.i_count.valid.eq(1), unpack.i_count.p.eq(self._count)]
        return m


def unpack_resources(*, width: int, part: int, bound: int) -> Resources:
    """Estimated cells of ``Unpack``."""
    control = 3 * bound.bit_length() + 12
    return Resources(luts=control, ffs=2 * width + part + control, muxes=2 * width)


def unpack_drain(counts: Iterable[int], *, parts: int) -> int:
    """Cycles from the last memory beat accepted to the last part offered.

    counts: parts of each row; parts: parts of a memory beat. Memory beats are offered from the
    start, each as early as the buffers accept it, and nothing else waits.
    """
    accepted: list[int] = []
    ends: list[int] = []  # of the last part of each beat
    now = 0
    for count in counts:
        for begin in range(0, count, parts):
            previous = accepted[-1] + 1 if accepted else 0
            freed = ends[-_HELD] + 1 if len(ends) >= _HELD else 0
            accepted.append(max(previous, freed))
            now = max(now, accepted[-1]) + min(parts, count - begin)
            ends.append(now)
    return now + 1 - accepted[-1]
