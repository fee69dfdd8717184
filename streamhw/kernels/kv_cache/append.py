# SPDX-License-Identifier: Apache-2.0
"""Appends the rows of new tokens to a key/value cache in memory."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out
from amaranth.utils import ceil_log2
from numpy.typing import NDArray

from ...stream.axi.signature import ADDRESS_WIDTH, command, command_word, write_data
from ...stream.behaviour import Behaviour, MemoryUse
from ...stream.itensor.itensor import SymbolValues
from ...stream.queue import Queue
from ...stream.spec import Memory, Port, Resources, Role, Tensors, Timing, raw
from ..attention.stream_types import row_type
from .spec import CacheKernelSpec
from .walk import START, WALK_MUXES, CacheWalk

__all__ = ["CacheAppendKernel", "CacheAppendSpec"]

_WRITES = 4
"""Writes that wait for their DMA."""


@dataclass(frozen=True, kw_only=True)
class CacheAppendSpec(CacheKernelSpec):
    """Writes a row for each token and head, or parallel heads, and says when memory has them.

    A row shorter than a memory beat goes to all its places in the beat, and the strobe picks one.
    Connect o_command, o_data and i_done to a write DMA. A step with ``tail`` is passed over.

    Shapes      i_step: one a step; i: [tokens, heads * head_dim] row-major, ``lanes`` a beat;
                o_command: one a token and row; o_data: ceil(parallel_heads * head_dim * bits /
                width) a command; i_done: one a command; o_written: one a token, when all its
                commands are done
    Formats     i: ``bits`` signed; o_command: ``command()``; o_data: ``write_data(width)``
    Parameters  heads, head_dim, parallel_heads: of the cache, a row has ``parallel_heads`` heads;
                context, layers, tokens: bounds; lanes: divides a row, and what of it is in one
                memory beat;
                bits: of an element, 4 or 8; width: bits of a memory beat; offset: byte of the
                cache, counted from cfg_base; memory holds a ``CacheLayout``
    Members     cfg_base: In(40), multiple of the bytes of a beat, stable while steps pass
    Timing      interval = tokens * heads * head_dim / lanes + 3 cycles; a write is offered 1 cycle
                after its last elements; o_written 1 cycle after the last i_done of a token
    Buffers     4 memory beats, 4 commands, a row's part of a memory beat
    Error       none: elements pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if width, parallel_heads, lanes or offset are not as above
    Source      none: addresses and a shift register
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        unit, row = self.layout.unit, self.layout.elements
        if self.lanes < 1 or unit % self.lanes or row % self.lanes:
            also = "" if row % unit == 0 else f" and a row of {row}"
            raise ValueError(f"lanes must divide {unit} elements of a beat{also}, not {self.lanes}")

    @property
    def ports(self) -> tuple[Port, ...]:
        shape = {"tokens": self.tokens, "heads": self.heads, "head_dim": self.head_dim}
        return (
            Port("i_step", raw(self.step.size), Role.STEP),
            Port("i", row_type(self.element, **shape, lanes=self.lanes)),
            Port("o_command", raw(command().size), Role.MEM_COMMAND),
            Port("o_data", raw(write_data(self.width).size), Role.MEM_WRITE),
            Port("i_done", raw(1), Role.MEM_DONE),
            Port("o_written", raw(1), Role.WRITTEN),
        )

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {"o_data": Out(stream.Signature(write_data(self.width)))}

    def traffic(self, symbol_values: SymbolValues) -> int:
        """Memory beats written."""
        layout = self.layout
        rows = self.port("i").type.beats(symbol_values) * self.lanes // layout.elements
        return rows * layout.row_beats

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """The commands (relative to a base of 0) and memory beats of one step."""
        step, layout = self.step_of(inputs), self.layout
        beat, unit = layout.beat_bytes, layout.unit
        rows = np.asarray(inputs["i"], dtype=np.int64)
        commands, beats = [], []
        for t, token in enumerate(rows.reshape(-1, layout.groups, layout.elements)):
            position = step["position"] + t
            for group, row in enumerate(token):
                address = self.offset + layout.address(
                    layer=step["layer"], group=group, position=position
                )
                place = address % beat
                commands.append(command_word(address - place, layout.row_beats))
                for begin in range(0, layout.elements, unit):
                    part = layout.pack(row[begin : begin + unit])
                    copies = part.ljust(min(layout.pitch, beat), b"\0") * layout.beat_rows
                    strobe = ((1 << len(part)) - 1) << place
                    word = int.from_bytes(copies, "little")
                    beats.append(word | strobe << self.width)
        return {
            "o_command": np.asarray(commands, dtype=object),
            "o_data": np.asarray(beats, dtype=object),
            "o_written": np.zeros(len(rows), dtype=np.int64),
        }

    def timing(self, symbol_values: SymbolValues) -> Timing:
        beats = self.port("i").type.beats(symbol_values)
        return Timing(
            latency=START + self.layout.unit // self.lanes, interval=beats + START, drain=1
        )

    def behaviour(self) -> Behaviour:
        return Behaviour(memory=MemoryUse(traffic=self.traffic))

    def resources(self) -> Resources:
        return Resources(
            luts=2 * ADDRESS_WIDTH + 40,
            muxes=WALK_MUXES,
            ffs=(self.layout.unit - self.lanes) * self.bits + 3 * ADDRESS_WIDTH + 20,
            memories=(
                Memory(write_data(self.width).size, _WRITES, asynchronous=True),
                Memory(command().size, _WRITES, asynchronous=True),
            ),
        )

    def create(self) -> "CacheAppendKernel":
        return CacheAppendKernel(spec=self)


class CacheAppendKernel(wiring.Component):
    """Hardware of ``CacheAppendSpec``."""

    def __init__(self, *, spec: CacheAppendSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, layout = self.spec, self.spec.layout
        walk = CacheWalk(m, spec, self.i_step, self.cfg_base)
        m.submodules.commands = commands = Queue(shape=command(), depth=_WRITES)
        m.submodules.writes = writes = Queue(shape=write_data(spec.width), depth=_WRITES)
        wiring.connect(m, commands.o, wiring.flipped(self.o_command))
        wiring.connect(m, writes.o, wiring.flipped(self.o_data))

        gather, parts = layout.unit // spec.lanes, layout.row_beats
        gathered = Signal(layout.unit * spec.bits, reset_less=True)
        full = Signal(layout.unit * spec.bits)
        beat = Signal(range(max(2, gather)))
        part = Signal(range(max(2, parts)))
        position_bytes = Signal(range(max(2, layout.group_bytes)))
        address = Signal(ADDRESS_WIDTH)
        complete, last, may, fire = (Signal(name=n) for n in ("complete", "last", "may", "fire"))
        m.d.comb += [
            last.eq(part == parts - 1),
            complete.eq(beat == gather - 1),
            may.eq(walk.running & (~complete | (commands.i.ready & writes.i.ready))),
            self.i.ready.eq(may),
            fire.eq(may & self.i.valid),
            full.eq(Cat(gathered, self.i.p.as_value())[spec.lanes * spec.bits :]),
            walk.group_done.eq(fire & complete & last),
            writes.i.valid.eq(fire & complete),
            commands.i.valid.eq(fire & complete & (part == 0)),
            address.eq(walk.group_at + position_bytes),
            commands.i.p.address.eq(address & ~(layout.beat_bytes - 1)),
            commands.i.p.beats.eq(parts),
        ]
        rest = layout.elements % layout.unit  # of the last memory beat of a row, if it is not full
        if rest:
            with m.If(last):
                m.d.comb += complete.eq(beat == rest // spec.lanes - 1)
        m.d.comb += writes.i.p.eq(self._write(full, position_bytes, last if rest else None))
        with m.If(fire):
            m.d.sync += [gathered.eq(full), beat.eq(Mux(complete, 0, beat + 1))]
            with m.If(complete):
                m.d.sync += part.eq(Mux(last, 0, part + 1))
        with m.If(walk.begins):
            m.d.sync += position_bytes.eq(walk.step.position * layout.pitch)
        with m.If(walk.token_done):
            m.d.sync += position_bytes.eq(position_bytes + layout.pitch)
        self._count_rows(m)
        return m

    def _write(self, full: Signal, position_bytes: Signal, last: Signal | None) -> Value:
        """The part of a row at all its places in a memory beat, and the strobe of its own.

        last: the part is shorter, and in the high end of ``full``
        """
        layout, bits = self.spec.layout, self.spec.bits
        size = min(layout.pitch, layout.beat_bytes)
        strobe = Const((1 << layout.bytes_of(layout.unit)) - 1, size)
        padded: Value = Cat(full, Const(0, size * 8 - layout.unit * bits))
        if last is not None:
            rest = layout.elements % layout.unit
            strobe = Mux(last, Const((1 << layout.bytes_of(rest)) - 1, size), strobe)
            padded = Mux(last, full[(layout.unit - rest) * bits :], padded)
        places = layout.beat_rows
        if places == 1:
            return Cat(padded, strobe)
        place = position_bytes[ceil_log2(size) : ceil_log2(layout.beat_bytes)]
        strobes = Cat(Mux(place == n, strobe, Const(0, size)) for n in range(places))
        return Cat(padded.replicate(places), strobes)

    def _count_rows(self, m: Module) -> None:
        """Tokens whose rows are all in memory, as many as commands say it."""
        groups, limit = self.spec.layout.groups, 2 * self.spec.tokens
        done = Signal(range(max(2, groups)))
        rows = Signal(range(limit + 1))
        row_done, taken = Signal(), Signal()
        m.d.comb += [
            self.i_done.ready.eq(rows != limit),
            row_done.eq(self.i_done.valid & self.i_done.ready & (done == groups - 1)),
            self.o_written.valid.eq(rows != 0),
            taken.eq(self.o_written.valid & self.o_written.ready),
        ]
        with m.If(self.i_done.valid & self.i_done.ready):
            m.d.sync += done.eq(Mux(row_done, 0, done + 1))
        m.d.sync += rows.eq(rows + row_done - taken)
