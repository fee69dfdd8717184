# SPDX-License-Identifier: Apache-2.0
"""Operand store of the matmul engine: takes x once, in the order of its arrival, and keeps it."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ...stream.address_generator import AddressGenerator
from ...stream.itensor.itensor import ITensor
from .activation_layout import ActivationLayout
from .requantizer import choose

__all__ = ["OPERAND_LATENCY", "ActivationBuffer"]

OPERAND_LATENCY = 1
"""Cycles from an address to x: the memory's own register. The next is in front of the rows."""


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
