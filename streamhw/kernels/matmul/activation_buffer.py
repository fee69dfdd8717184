# SPDX-License-Identifier: Apache-2.0
"""Operand store of the matmul engine: takes x once, in the order of its arrival, and keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ...stream.address_generator import AddressGenerator
from ...stream.converter.block_plan import Axis
from ...stream.itensor.itensor import ITensor
from .requantizer import choose

__all__ = ["OPERAND_LATENCY", "ActivationBuffer", "ActivationLayout"]

OPERAND_LATENCY = 1
"""Cycles from an address to x: the memory's own register. The next is in front of the rows."""


@dataclass(frozen=True, kw_only=True)
class ActivationLayout:
    """Where an element of x lies: two regions of ``tokens`` rows, each of ``words`` words.

    An address counts pieces of a word: (token, word, piece), each in a power of two places. The low
    bits of the token are the lane, a memory of its own.

    tokens: rows of a region; inputs: columns of a word; words: most words of a row;
    lanes: tokens read at once (a power of two); piece: elements of the narrowest beat
    """

    tokens: int
    inputs: int
    words: int
    lanes: int
    piece: int

    @property
    def piece_bits(self) -> int:
        """Low address bits that choose a piece of a word."""
        return ceil_log2(self.inputs // self.piece)

    @property
    def word_bits(self) -> int:
        """Address bits above them that choose a word of a row."""
        return ceil_log2(self.words)

    @property
    def lane_bits(self) -> int:
        """Address bits above them that choose a lane."""
        return ceil_log2(self.lanes)

    @property
    def places(self) -> int:
        """Rows of a lane in a region, a power of two."""
        return 1 << ceil_log2(-(-self.tokens // self.lanes))

    @property
    def depth(self) -> int:
        """Words of a lane's memory, both regions."""
        return 2 * self.places << self.word_bits

    def axes(self, arrival: ITensor) -> tuple[Axis, ...]:
        """The walk over addresses in the order of a type of x.

        A loop over columns that crosses words is two: words, and pieces of one.
        """
        axes = []
        for loop in arrival.loops:
            if loop.dim == 0:
                row = 1 << (self.piece_bits + self.word_bits)
                axes.append(Axis(trip=loop.trip, increment=loop.step * row))
                continue
            assert isinstance(loop.trip, int)
            inner = 1
            if loop.step < self.inputs:
                inner = min(loop.trip, self.inputs // loop.step)
            outer = loop.trip // inner
            word = -(-loop.step // self.inputs) << self.piece_bits
            axes.append(Axis(trip=outer, increment=word))
            axes.append(Axis(trip=inner, increment=loop.step // self.piece))
        return tuple(axis for axis in axes if axis.trip != 1)


class ActivationBuffer(wiring.Component):
    """Two regions: one takes the x of a context while the array reads the other, many times.

    Parameters  layout; arrivals: type of x of each context, each element once;
                tokens: bound
    Members     i_<context number>: In(stream) x as it arrives
                start, context, tokens: In, first cycle of a context: its x is let in from the next
                cycle on; busy: Out, x of the last context is not all here; region: Out, where it is
                arrived: Out, words of it that are complete
                en, at: In, read: {region, place, word}; x: Out, lanes x inputs bytes, a cycle
                later
    Timing      a beat a cycle in, a word of each lane a cycle out
    """

    def __init__(self, *, layout: ActivationLayout, arrivals: Sequence[ITensor], tokens: int):
        self._layout = layout
        self._arrivals = tuple(arrivals)
        self._tokens = tokens
        total = layout.tokens * layout.words
        super().__init__(
            {
                **{
                    f"i_{index}": In(
                        stream.Signature(data.ArrayLayout(arrival.fmt.shape, arrival.lanes))
                    )
                    for index, arrival in enumerate(arrivals)
                },
                "start": In(1),
                "context": In(range(max(2, len(arrivals)))),
                "tokens": In(range(tokens + 1)),
                "busy": Out(1),
                "region": Out(1),
                "arrived": Out(range(total + 1)),
                "en": In(1),
                "at": In(range(layout.depth)),
                "x": Out(layout.lanes * layout.inputs * 8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = self._layout
        loading = Signal.like(self.context)
        with m.If(self.start):
            m.d.sync += [
                loading.eq(self.context),
                self.busy.eq(1),
                self.region.eq(~self.region),
                self.arrived.eq(0),
            ]

        writes, addresses, words, ends, completes = [], [], [], [], []
        for index, arrival in enumerate(self._arrivals):
            i = getattr(self, f"i_{index}")
            walk = AddressGenerator(
                axes=layout.axes(arrival),
                pitch=layout.lanes * layout.depth // 2 << layout.piece_bits,
            )
            m.submodules[f"walk_{index}"] = walk
            for name in walk.symbols:
                value = getattr(walk, f"i_{name}")
                m.d.comb += [
                    value.valid.eq(self.start & (self.context == index)),
                    value.payload.eq(self.tokens),
                ]
            m.d.comb += [
                i.ready.eq(self.busy & (loading == index)),
                walk.step.eq(i.valid & i.ready),
            ]
            pieces = arrival.lanes // layout.piece
            last = layout.inputs // layout.piece - pieces
            writes.append(walk.step)
            addresses.append(walk.address)
            # a piece of the word in every place, so that only the enables differ
            words.append(Value.cast(i.payload).replicate(layout.inputs // arrival.lanes))
            ends.append(walk.step & walk.block_end)
            completes.append(walk.step & (walk.address[: layout.piece_bits] == last))
        address = Signal.like(addresses[0])
        write = Signal()
        m.d.comb += [address.eq(choose(loading, addresses)), write.eq(Cat(writes).any())]
        with m.If(Cat(completes).any()):
            m.d.sync += self.arrived.eq(self.arrived + 1)
        with m.If(Cat(ends).any()):
            m.d.sync += self.busy.eq(0)

        piece = address[: layout.piece_bits]
        word = address[layout.piece_bits :][: layout.word_bits]
        lane = address[layout.piece_bits + layout.word_bits :][: layout.lane_bits]
        place = address[layout.piece_bits + layout.word_bits + layout.lane_bits :]
        count = layout.inputs // layout.piece
        sizes = [arrival.lanes // layout.piece for arrival in self._arrivals]
        enables = [
            choose(
                loading,
                [piece == p // size * size if count > 1 else 1 for size in sizes],
            )
            for p in range(count)
        ]
        word_in = Signal(8 * layout.inputs)
        m.d.comb += word_in.eq(choose(loading, words))
        outputs = []
        for v in range(layout.lanes):
            memory = Memory(
                shape=data.ArrayLayout(8 * layout.piece, count), depth=layout.depth, init=[]
            )
            m.submodules[f"lane_{v}"] = memory
            put, get = memory.write_port(granularity=1), memory.read_port()
            m.d.comb += [
                put.addr.eq(Cat(word, place[: ceil_log2(layout.places)], self.region)),
                Value.cast(put.data).eq(word_in),
                put.en.eq(Cat(enables) & (write & (lane == v)).replicate(count)),
                get.addr.eq(self.at),
                get.en.eq(self.en),
            ]
            outputs.append(Value.cast(get.data))
        m.d.comb += self.x.eq(Cat(outputs))
        return m
