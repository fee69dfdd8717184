# SPDX-License-Identifier: Apache-2.0
"""Cuts memory beats into narrow ones and drops what pads a row behind its last element."""

from collections.abc import Iterable, Sequence

from amaranth.hdl import Array, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .lockstep import connect_shares, place_shares, shares_of
from .skid import Skid
from .spec import Resources

__all__ = ["PaddingRemover", "Unpacker", "unpack_drain", "unpack_resources"]


class Unpacker(wiring.Component):
    """Sends each row's first ``i_count`` parts, low end of a memory beat first.

    Every row begins in a new memory beat; the rest of the beat that holds its last part is
    dropped. A beat stays in a register while a multiplexer picks its parts, which takes fewer cells
    than to shift it, and makes room for the next as its last part leaves::

        i -> register -> multiplexer -> skid buffer -> o
                             ^ part number, i_count

    Wide beats have the control once for each share of the parts (``lockstep``).

    Parameters  width: bits of a memory beat; part: bits of a narrow one, divides width;
                bound: largest count of a row; spare: whether a second register takes the next beat
                meanwhile, for sources that must not be held up
    Members     i: In(stream of unsigned(width));  o: Out(stream of unsigned(part))
                i_count: In(stream of range(bound + 1)), parts of the next row, at least 1
    Timing      latency = 2 cycles (3 with ``spare``); one part a cycle, also from beat to beat and
                from row to row
    Buffers     a memory beat, or two, and two parts
    Stalls      lossless; no path from i.valid to o.valid or from o.ready to i.ready, but i.ready
                and i_count.ready depend on i_count.valid
    Raises      ValueError: if part does not divide width
    """

    latency = 2

    def __init__(self, *, width: int, part: int, bound: int, spare: bool = False) -> None:
        if part < 1 or width % part:
            raise ValueError(f"Unpack part must divide the width {width}, not {part}")
        self._width = width
        self._part = part
        self._bound = bound
        self._spare = spare
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
        shares = shares_of(self._part, parts)
        if len(shares) > 1:
            self._shared(m, parts, shares)
            return m
        m.submodules.skid = skid = Skid(shape=unsigned(self._part))
        wiring.connect(m, skid.o, wiring.flipped(self.o))
        held, full = Signal(self._width, reset_less=True), Signal()
        part = Signal(range(max(2, parts)))
        row_left = Signal.like(self.i_count.p)  # of the row, behind the part that is taken
        now = Signal.like(row_left)  # the same with that part
        more, take, row_end, beat_end, ready = (
            Signal(name=n) for n in ("more", "take", "row_end", "beat_end", "ready")
        )
        size = self._part
        # All of these are plain assignments, not If: some event-driven simulators evaluate a
        # block only when its inputs change, and here they may rest from time zero on.
        m.d.comb += [
            more.eq(row_left != 0),
            now.eq(Mux(more, row_left, self.i_count.p)),
            skid.i.p.eq(Array(held[n * size : (n + 1) * size] for n in range(parts))[part]),
            skid.i.valid.eq(full & (more | self.i_count.valid)),
            take.eq(skid.i.valid & skid.i.ready),
            row_end.eq(now == 1),
            beat_end.eq(row_end | (part == parts - 1)),
            self.i_count.ready.eq(take & ~more),
            ready.eq(~full | (take & beat_end)),
        ]
        with m.If(take):
            m.d.sync += [row_left.eq(now - 1), part.eq(Mux(beat_end, 0, part + 1))]
        beat, here = self.i.p, self.i.valid
        if self._spare:
            beat = Signal(self._width, name="spare", reset_less=True)
            here = Signal(name="spare_full")
            m.d.comb += self.i.ready.eq(~here | ready)
            with m.If(self.i.ready):
                m.d.sync += [beat.eq(self.i.p), here.eq(self.i.valid)]
        else:
            m.d.comb += self.i.ready.eq(ready)
        with m.If(ready):
            m.d.sync += [held.eq(beat), full.eq(here)]
        return m

    def _shared(self, m: Module, parts: int, shares: Sequence[range]) -> None:
        def make(bits: int) -> Unpacker:
            return Unpacker(width=bits * parts, part=bits, bound=self._bound, spare=self._spare)

        name = f"unpack_{parts}_{self._bound}{'_spare' if self._spare else ''}"
        inner = place_shares(m, name, make, shares)
        connect_shares(m, self.i, [each.i for each in inner], shares, into=True)
        connect_shares(m, self.o, [each.o for each in inner], shares, into=False)
        for each in inner:
            m.d.comb += [
                each.i_count.valid.eq(self.i_count.valid),
                each.i_count.p.eq(self.i_count.p),
            ]
        m.d.comb += self.i_count.ready.eq(inner[0].i_count.ready)


class PaddingRemover(wiring.Component):
    """``Unpacker`` of rows of one length.

    Parameters  width: bits of a memory beat; part: bits of a narrow one, divides width; count:
                narrow beats of a row; spare: as of ``Unpacker``
    Members     i: In(stream of unsigned(width));  o: Out(stream of unsigned(part))
    Timing, Buffers, Stalls, Raises: as of ``Unpacker``
    """

    latency = Unpacker.latency

    def __init__(self, *, width: int, part: int, count: int, spare: bool = False) -> None:
        self._count = count
        self._unpack = Unpacker(width=width, part=part, bound=count, spare=spare)
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
    """Estimated cells of ``Unpacker``."""
    control = 3 * bound.bit_length() + 12
    return Resources(luts=control + part, ffs=width + 2 * part + control, picks=width - part)


def unpack_drain(counts: Iterable[int], *, parts: int) -> int:
    """Cycles from the last memory beat accepted to the last part offered.

    counts: parts of each row; parts: parts of a memory beat. Memory beats are offered from the
    start, each as early as the register accepts it, and nothing else waits.
    """
    accepted = now = 0
    for count in counts:
        for begin in range(0, count, parts):
            accepted = now
            now += min(parts, count - begin)
    return now + 1 - accepted
