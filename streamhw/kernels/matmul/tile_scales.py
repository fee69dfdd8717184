# SPDX-License-Identifier: Apache-2.0
"""Tile scales of the matmul engine: loads them ahead of their use."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .packing import AFFINE_WORDS
from .requantizer import choose

__all__ = ["TileScales"]


class TileScales(wiring.Component):
    """Takes words of scales tile after tile into one of ``slots`` slots, and serves two readers.

    The affine bytes (bias, multiplier, shift) lie in distributed memory, read by the drain; the
    group multipliers lie in block memory, a bank for each word of a beat, read by the array. With
    offsets they are every other word, and those behind them are the offsets.

    Parameters  rows; lanes: words of a beat, a power of two to 16; slots: a power of two;
                tiles, beats: for each context, its tiles and the beats of a tile with padding;
                groups: most words behind the affine ones, 0 without groups; has_offsets
    Members     i: In(stream of lanes x rows bytes)   start, context: In, first cycle of a context
                busy: Out, a context is being loaded   free: In, a slot is free
                loaded: Out, pulse with the last word of a tile
                group_en, group_slot, group: In; take, m: Out, array of bytes, a cycle later, when
                ``take`` is 1; n: likewise, of offsets
                slot: In; affine: Out, the bytes of each row, word by word, combinational
    """

    def __init__(
        self,
        *,
        rows: int,
        lanes: int,
        slots: int,
        tiles: Sequence[int],
        beats: Sequence[int],
        groups: int,
        has_offsets: bool = False,
    ):
        self._rows = rows
        self._lanes = lanes
        self._slots = slots
        self._tiles = tuple(tiles)
        self._beats = tuple(beats)
        self._groups = groups
        self._each = 1 + has_offsets
        members = {
            "i": In(stream.Signature(data.ArrayLayout(unsigned(8), lanes * rows))),
            "start": In(1),
            "context": In(range(max(2, len(tiles)))),
            "busy": Out(1),
            "free": In(1),
            "loaded": Out(1),
            "slot": In(range(slots)),
            "affine": Out(data.ArrayLayout(8 * rows, AFFINE_WORDS - 1)),
        }
        if groups:
            members |= {
                "group_en": In(1),
                "group_slot": In(range(slots)),
                "group": In(range(max(2, groups // self._each))),
                "take": Out(1),
                "m": Out(data.ArrayLayout(unsigned(8), rows)),
            }
        if has_offsets:
            members["n"] = Out(data.ArrayLayout(signed(8), rows))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        into = Signal(range(self._slots))
        tile = Signal(range(max(2, *self._tiles)))
        beat = Signal(range(max(2, *self._beats)))
        last_tile = Signal.like(tile)
        last_beat = Signal.like(beat)
        take = Signal()
        m.d.comb += [
            self.i.ready.eq(self.busy & self.free),
            take.eq(self.i.valid & self.i.ready),
            self.loaded.eq(take & (beat == last_beat)),
        ]
        with m.If(self.start):
            m.d.sync += [
                self.busy.eq(1),
                last_tile.eq(choose(self.context, [t - 1 for t in self._tiles])),
                last_beat.eq(choose(self.context, [count - 1 for count in self._beats])),
            ]
        with m.If(take):
            m.d.sync += beat.eq(beat + 1)
        with m.If(self.loaded):
            m.d.sync += [beat.eq(0), into.eq(into + 1), tile.eq(tile + 1)]
            with m.If(tile == last_tile):
                m.d.sync += [tile.eq(0), self.busy.eq(0)]

        bits = 8 * self._rows
        for byte in range(AFFINE_WORDS - 1):
            plane = Memory(shape=bits, depth=self._slots, init=[])
            m.submodules[f"plane_{byte}"] = plane
            write, read = plane.write_port(), plane.read_port(domain="comb")
            m.d.comb += [
                write.addr.eq(into),
                write.data.eq(self.i.payload.as_value().word_select(byte % self._lanes, bits)),
                write.en.eq(take & (beat == byte // self._lanes)),
                read.addr.eq(self.slot),
            ]
            m.d.comb += self.affine[byte].eq(read.data)

        if self._groups:
            # The first beat with groups, and the words in front of them in it.
            first, before = divmod(AFFINE_WORDS, self._lanes)
            each, banks = self._each, max(self._lanes, self._each)
            within = ceil_log2(banks // each)
            index = Signal(range(max(2, -(-(self._groups + before) // self._lanes))))
            m.d.comb += index.eq(beat - first)
            # Banks of one word of a beat take the beats in turn.
            turn = ceil_log2(banks // self._lanes)
            row = index[turn:] if turn else index
            depth = self._slots << len(row)
            place = Signal(range(max(2, (self._groups + before) // each)))
            chosen = Signal(max(1, within))
            m.d.comb += place.eq(self.group + before // each)
            m.d.sync += self.take.eq(self.group_en)
            with m.If(self.group_en):
                m.d.sync += chosen.eq(place[:within])
            words = []
            for bank in range(banks):
                memory = Memory(shape=bits, depth=depth, init=[])
                m.submodules[f"groups_{bank}"] = memory
                write, read = memory.write_port(), memory.read_port()
                lane, mine = bank % self._lanes, take & (beat >= first)
                m.d.comb += [
                    write.addr.eq(into << len(row) | row),
                    write.data.eq(self.i.payload.as_value().word_select(lane, bits)),
                    write.en.eq(mine & (index[:turn] == bank) if turn else mine),
                    read.addr.eq(self.group_slot << len(row) | place >> within),
                    read.en.eq(self.group_en & (place[:within] == bank // each)),
                ]
                words.append(read.data)
            m.d.comb += self.m.as_value().eq(choose(chosen, words[::each]))
            if each == 2:
                m.d.comb += self.n.as_value().eq(choose(chosen, words[1::each]))
        return m
