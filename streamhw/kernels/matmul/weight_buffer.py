# SPDX-License-Identifier: Apache-2.0
"""Weight store of the matmul engine: the words of a tile, again for each set of parallel tokens."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ...stream.signature import stream_of
from ...stream.spec import raw
from .requantizer import choose

__all__ = ["WEIGHTS_LATENCY", "WeightBuffer", "store_words"]

WEIGHTS_LATENCY = 2
"""Cycles from a word's arrival, or from a context's start, to the word at the output."""


def store_words(steps: Sequence[int]) -> int:
    """Words of the store, a power of two: two tiles of the context with most steps."""
    return 1 << int(ceil_log2(2 * max(steps)))


class WeightBuffer(wiring.Component):
    """A ring of words: one end takes the next tile's while the other reads this one's again.

    Parameters  width: bits of a word; steps: words of a tile, of each context; tiles: of each
                context; tokens: bound; lane_bits: 1 << lane_bits tokens pass in parallel
    Members     i: In(stream raw(width)) words of all tiles of all contexts, once
                start, context, last_token: In, first cycle of a context, and its tokens less one;
                one may wait while another is read
                o: Out(stream raw(width)) each tile's words, once for each pass of tokens
    Timing      a word a cycle; ``WEIGHTS_LATENCY``
    Stalls      lossless; i.ready does not depend on o.ready
    """

    def __init__(
        self,
        *,
        width: int,
        steps: Sequence[int],
        tiles: Sequence[int],
        tokens: int,
        lane_bits: int,
    ):
        self._width = width
        self._steps, self._tiles = tuple(steps), tuple(tiles)
        self._lane_bits = lane_bits
        self.words = store_words(steps)
        super().__init__(
            {
                "i": In(stream_of(raw(width))),
                "start": In(1),
                "context": In(range(max(2, len(steps)))),
                "last_token": In(range(max(2, tokens))),
                "o": Out(stream.Signature(self._width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.ring = ring = Memory(shape=self._width, depth=self.words, init=[])
        put, get = ring.write_port(), ring.read_port()
        # Pointers count twice around, so that full and empty differ.
        written, base = Signal(range(2 * self.words)), Signal(range(2 * self.words))
        held = Signal(range(self.words + 1))
        m.d.comb += [
            held.eq((written - base)[: len(held)]),
            self.i.ready.eq(held != self.words),
            put.addr.eq(written[:-1]),
            put.data.eq(self.i.payload.as_value()),
            put.en.eq(self.i.valid & self.i.ready),
        ]
        with m.If(put.en):
            m.d.sync += written.eq(written + 1)

        # The context that is read, and the one that waits.
        reading, waiting = Signal(), Signal()
        context, next_context = Signal.like(self.context), Signal.like(self.context)
        beats, next_beats = Signal.like(self.last_token), Signal.like(self.last_token)
        step = Signal(range(max(2, *self._steps)))
        beat = Signal.like(self.last_token)
        tile = Signal(range(max(2, *self._tiles)))
        last_step, last_tile = Signal.like(step), Signal.like(tile)
        read, step_end, beat_end, run_end = (
            Signal(name=name) for name in ("read", "step_end", "beat_end", "run_end")
        )
        m.d.comb += [
            last_step.eq(choose(context, [n - 1 for n in self._steps])),
            last_tile.eq(choose(context, [n - 1 for n in self._tiles])),
            step_end.eq(step == last_step),
            beat_end.eq(step_end & (beat == beats)),
            run_end.eq(read & beat_end & (tile == last_tile)),
            get.addr.eq(base[:-1] + step),
            get.en.eq(read),
            read.eq(reading & (step < held) & (~self.o.valid | self.o.ready)),
            self.o.payload.eq(get.data),
        ]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += self.o.valid.eq(read)
        with m.If(read):
            m.d.sync += step.eq(Mux(step_end, 0, step + 1))
            with m.If(step_end):
                m.d.sync += beat.eq(Mux(beat_end, 0, beat + 1))
            with m.If(beat_end):
                m.d.sync += [
                    base.eq(base + step + 1),
                    tile.eq(Mux(tile == last_tile, 0, tile + 1)),
                ]
        told = self.last_token >> self._lane_bits
        with m.If(~reading | run_end):
            m.d.sync += [
                reading.eq(waiting | self.start),
                context.eq(Mux(waiting, next_context, self.context)),
                beats.eq(Mux(waiting, next_beats, told)),
                waiting.eq(waiting & self.start),
            ]
        with m.Elif(self.start):
            m.d.sync += waiting.eq(1)
        with m.If(self.start):
            m.d.sync += [next_context.eq(self.context), next_beats.eq(told)]
        return m
