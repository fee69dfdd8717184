# SPDX-License-Identifier: Apache-2.0
"""A queue between two clock domains that need no relation."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["ClockCrossing"]


class ClockCrossing(wiring.Component):
    """Words from one domain to another, in their order.

    Both sides count in Gray code, so that a count that is seen while it changes is the old or the
    new one. The memory is read at a registered address into a register that takes what is there
    whether or not it counts: no path goes from the counts through the memory.

    Parameters
    ----------
    width: bits of a word; depth: words in the memory, 4, 8 or 16
    source, sink: names of the domains of ``i`` and of ``o``

    Members
    -------
    i: stream of words in domain ``source``; o: the same in domain ``sink``

    Timing: a word is at ``o`` 4 cycles of ``sink`` after the cycle of ``source`` in which it came,
        at most; with 8 words or more the slower clock passes a word a cycle.
    Capacity: ``depth`` and one more.
    Reset: both domains must be reset together, for 3 cycles of each at least; what was inside is
        lost then.
    Raises: ``ValueError`` for a depth that is not 4, 8 or 16, or a width below 1.
    """

    def __init__(self, *, width: int, depth: int, source: str, sink: str):
        if depth not in (4, 8, 16):
            raise ValueError(f"ClockCrossing depth must be 4, 8 or 16, not {depth}")
        if width < 1:
            raise ValueError(f"ClockCrossing width must be at least 1, not {width}")
        self._width, self._depth = width, depth
        self._source, self._sink = source, sink
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self._depth.bit_length()
        m.submodules.memory = memory = Memory(shape=self._width, depth=self._depth, init=[])
        write = memory.write_port(domain=self._source)
        read = memory.read_port(domain="comb")

        written, read_seen = Signal(bits), Signal(bits)  # Gray counts
        taken, written_seen = Signal(bits), Signal(bits)
        m.submodules.forth = FFSynchronizer(written, written_seen, o_domain=self._sink)
        m.submodules.back = FFSynchronizer(taken, read_seen, o_domain=self._source)

        # Full: as many more were written as there are places, which in Gray code is another
        # highest pair of bits.
        m.d.comb += self.i.ready.eq(written != Cat(read_seen[:-2], ~read_seen[-2:]))
        at = Signal(bits)
        m.d.comb += [
            write.addr.eq(at),
            write.data.eq(self.i.payload),
            write.en.eq(self.i.valid & self.i.ready),
        ]
        with m.If(write.en):
            m.d[self._source] += [at.eq(at + 1), written.eq(_gray((at + 1)[:bits]))]

        of = Signal(bits)
        some = written_seen != taken
        word = Signal(self._width, reset_less=True)
        m.d.comb += [read.addr.eq(of), self.o.payload.eq(word)]
        with m.If(~self.o.valid | self.o.ready):
            m.d[self._sink] += [word.eq(read.data), self.o.valid.eq(some)]
            with m.If(some):
                m.d[self._sink] += [of.eq(of + 1), taken.eq(_gray((of + 1)[:bits]))]
        return m


def _gray(count: Value) -> Value:
    return count ^ count >> 1
