# SPDX-License-Identifier: Apache-2.0
"""Header store of the matmul engine: loads the parameters of tiles ahead of their use."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .matmul_pack import AFFINE_WORDS
from .requantise import choose

__all__ = ["MatmulHeader"]


class MatmulHeader(wiring.Component):
    """Takes header words tile after tile into one of ``slots`` places, and serves two readers.

    The affine bytes (bias, multiplier, shift) lie in distributed memory, read by the drain; the
    group multipliers lie in block memory, read by the array.

    Parameters  rows; lanes: words of a beat, a power of two to 8; slots: a power of two;
                tiles, beats: for each context, its tiles and the beats of a tile with padding;
                groups: most words behind the affine ones, 0 without groups
    Members     i: In(stream of lanes x rows bytes)   start, context: In, first cycle of a context
                busy: Out, a context is being loaded   free: In, a slot is free
                loaded: Out, pulse with the last word of a tile
                group_en, group_slot, group: In; m: Out(array of bytes), 2 cycles later
                slot: In; bias, mult, shift: Out(array), combinational
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
    ):
        self._rows = rows
        self._lanes = lanes
        self._slots = slots
        self._tiles = tuple(tiles)
        self._beats = tuple(beats)
        self._groups = groups
        members = {
            "i": In(stream.Signature(data.ArrayLayout(unsigned(8), lanes * rows))),
            "start": In(1),
            "context": In(range(max(2, len(tiles)))),
            "busy": Out(1),
            "free": In(1),
            "loaded": Out(1),
            "slot": In(range(slots)),
            "bias": Out(data.ArrayLayout(unsigned(32), rows)),
            "mult": Out(data.ArrayLayout(unsigned(16), rows)),
            "shift": Out(data.ArrayLayout(unsigned(8), rows)),
        }
        if groups:
            members |= {
                "group_en": In(1),
                "group_slot": In(range(slots)),
                "group": In(range(max(2, groups))),
                "m": Out(data.ArrayLayout(unsigned(8), rows)),
            }
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
        planes = []
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
            planes.append(read.data)
        for field, used in (
            (self.bias, planes[:4]),
            (self.mult, planes[4:6]),
            (self.shift, planes[6:]),
        ):
            for row in range(self._rows):
                for byte, plane in enumerate(used):
                    m.d.comb += field[row][8 * byte : 8 * byte + 8].eq(plane.word_select(row, 8))

        if self._groups:
            affine = AFFINE_WORDS // self._lanes
            within = ceil_log2(self._lanes)
            index = Signal(range(max(2, -(-self._groups // self._lanes))))
            m.d.comb += index.eq(beat - affine)
            depth = self._slots << len(index)
            m.submodules.groups = memory = Memory(shape=self._lanes * bits, depth=depth, init=[])
            write, read = memory.write_port(), memory.read_port()
            fetched, chosen = Signal(), Signal(max(1, within))
            m.d.comb += [
                write.addr.eq(into << len(index) | index),
                write.data.eq(self.i.payload.as_value()),
                write.en.eq(take & (beat >= affine)),
                read.addr.eq(self.group_slot << len(index) | self.group >> within),
                read.en.eq(self.group_en),
            ]
            m.d.sync += [fetched.eq(self.group_en), chosen.eq(self.group)]
            words = [read.data.word_select(lane, bits) for lane in range(self._lanes)]
            with m.If(fetched):
                m.d.sync += self.m.as_value().eq(choose(chosen, words))
        return m
