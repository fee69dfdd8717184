# SPDX-License-Identifier: Apache-2.0
"""Reads the rows of a key/value cache in memory, those of earlier steps ahead of time."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.utils import bits_for, ceil_log2
from numpy.typing import NDArray

from ...stream.axi.signature import ADDRESS_WIDTH, command, command_word
from ...stream.behaviour import Behaviour, MemoryUse
from ...stream.control.row_windows import RowWindows
from ...stream.itensor.itensor import SymbolValues
from ...stream.queue import Queue
from ...stream.spec import Memory, Port, Resources, Role, Tensors, Timing, raw
from ...stream.unpacker import Unpacker, unpack_resources
from ...stream.width import Width
from ..attention.parallel_heads import last_round
from ..attention.stream_types import cached_type, check_positions, lengths_of
from .row_begin import row_begin
from .spec import CacheKernelSpec
from .walk import WALK_MUXES, CacheWalk

__all__ = ["CacheReadKernel", "CacheReadSpec"]

_ASKING = 2
"""Cycles from a row written to the command that reads it."""


@dataclass(frozen=True, kw_only=True)
class CacheReadSpec(CacheKernelSpec):
    """Reads all rows of each head, or parallel heads, up to each token's own, again for each of the
    ``shared`` query heads that use it one after the other.

    Rows of earlier steps are in memory when a step begins: what memory beats they fill is asked
    for at once, ahead of the rows of this step, which wait until memory has their token's. So the
    wait for the new rows, and most of the reading, is over when a query comes. Data that nobody
    takes yet stays in its DMA, which has reserved the room.

    Of several positions a beat, those behind the end of a row are zeros, whatever memory has there.

    In layers with windows a token's row begins at a multiple of the positions that are read
    together (``RowWindows``), and no memory beat before it is read.

    Commands run ahead of the data by up to ``outstanding``. Connect o_command and i_data to a read
    DMA, i_written to the append kernel of the same cache. A step with ``tail`` is passed over.

    Shapes      i_step: one a group; i_written: one a token; o_command: for each token and row one
                for the memory beats that rows of earlier steps fill, if there are any, and one for
                the rest, up to a whole beat of o; i_data: the beats of the commands; o: [context,
                heads * head_dim], again for each token, head by head, each ``shared`` times, the
                first ``length`` = position + index + 1 rows, ``positions`` a beat; with windows
                [tokens, context, heads * head_dim], the ``length`` rows that end there
    Formats     o: ``bits`` signed; o_command: ``command()``
    Parameters  as of ``CacheAppend``, but lanes: a row, or, of rows that fill memory beats, what
                divides a row, and a memory beat or is a number of them; outstanding: commands that
                wait for the DMA; shared: query heads that read a row in turn, 1 with parallel
                heads;
                positions: rows a beat, a power of two that divides context, 1 if lanes are no
                row; windows: positions of each layer's windows, none where there are none;
                together: positions that rows of windows must begin at a multiple of, at least;
                a power of two
    Members     cfg_base: In(40), as of ``CacheAppend``
    Timing      b memory beats for a beat of o, or f beats of o from one: interval = beats of o,
                times b, if memory keeps up; the first command 4 cycles after its step, that of the
                rows of this step 2 cycles after i_written; latency = b + 1, or b if b > 1, from the
                first memory beat to the first elements, when its command has been given
    Buffers     3 memory beats, or 2 beats of o; ``outstanding`` commands, and 2 lengths more
    Error       none: elements pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if width, parallel_heads, lanes, offset, outstanding or positions are
                not as above
    Source      none: addresses and a shift register
    """

    outstanding: int = 4
    shared: int = 1
    positions: int = 1
    windows: tuple[int, ...] = ()
    together: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        layout = self.layout
        beat, row = layout.beat_elements, layout.elements
        fills = layout.pitch * 8 == row * self.bits
        if self.shared < 1 or (self.parallel_heads > 1 and self.shared > 1):
            raise ValueError(
                f"shared must be at least 1, and 1 with {self.parallel_heads} parallel heads, "
                f"not {self.shared}"
            )
        if self.lanes != row and (not fills or self.parallel_heads > 1):
            why = "does not fill beats" if self.parallel_heads == 1 else "passes at once"
            raise ValueError(
                f"lanes must be a row of {row} elements, which {why}, not {self.lanes}"
            )
        if self.lanes < 1 or row % self.lanes:
            raise ValueError(f"lanes must divide a row of {row} elements, not {self.lanes}")
        if self.lanes != row and beat % self.lanes and self.lanes % beat:
            raise ValueError(
                f"lanes must divide or be divided by a beat of {beat} elements, not {self.lanes}"
            )
        check_positions(positions=self.positions, context=self.context, head_dim=1, lanes=1)
        if self.positions > 1 and self.lanes != row:
            raise ValueError(
                f"lanes must be a row of {row} elements where {self.positions} positions pass in a "
                f"beat, not {self.lanes}"
            )
        if self.outstanding < 2:
            raise ValueError(f"outstanding must be at least 2, not {self.outstanding}")
        if self.windows and len(self.windows) != self.layers:
            raise ValueError(f"windows must be of {self.layers} layers, not {len(self.windows)}")
        if self.together < 1 or self.together & self.together - 1:
            raise ValueError(f"together must be a power of two, not {self.together}")

    @property
    def rows(self) -> RowWindows:
        """Where the rows of each layer begin."""
        together = max(self.layout.beat_rows, self.positions, self.together)
        return RowWindows(widths=self.windows, together=together)

    @property
    def fold(self) -> int:
        """Beats of ``o`` of one row."""
        return self.layout.elements // self.lanes

    @property
    def chunk(self) -> int:
        """Bits in memory of a beat of ``o``."""
        if self.fold == 1:
            return self.positions * self.layout.pitch * 8
        return self.lanes * self.bits

    @property
    def joined(self) -> int:
        """Memory beats of a beat of ``o``; 1 if one memory beat has several."""
        return max(1, self.chunk // self.width)

    def rounds(self, length: int) -> int:
        """Beats of ``o`` of the first ``length`` rows."""
        return -(-length // self.positions) * self.fold

    def memory_beats(self, length: int) -> int:
        """Memory beats that are read for them."""
        return self.layout.beats(-(-length // self.positions) * self.positions)

    @property
    def ports(self) -> tuple[Port, ...]:
        rows = cached_type(
            self.element,
            tokens=self.tokens,
            heads=self.heads * self.shared,
            head_dim=self.head_dim,
            context=self.context,
            lanes=self.lanes // self.parallel_heads,
            shared=self.shared,
            parallel_heads=self.parallel_heads,
            positions=self.positions,
            windowed=bool(self.windows),
        )
        return (
            Port("i_step", raw(self.step.size), Role.STEP),
            Port("i_written", raw(1), Role.WRITTEN),
            Port("o_command", raw(command().size), Role.MEM_COMMAND),
            Port("i_data", raw(self.width), Role.MEM_READ),
            Port("o", rows),
        )

    def traffic(self, symbol_values: SymbolValues) -> int:
        """Memory beats read."""
        each = [self.memory_beats(length) for length in self._lengths(symbol_values)]
        return sum(each) * self.layout.groups * self.shared

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """Elements of the last token's memory beats, or with windows of each token's; commands
        relative to a base of 0."""
        step, layout = self.step_of(inputs), self.layout
        layer = step["layer"]
        words = [int(w) for w in np.asarray(inputs["i_data"], dtype=object).flat]
        tokens = step["tokens"]
        rows = np.zeros((tokens, self.context, layout.groups, layout.elements), dtype=np.int64)
        commands = []
        for t in range(tokens):
            begin = self.rows.begin(step["position"] + t, layer)
            length = self.rows.length(step["position"] + t, layer)
            beats = self.memory_beats(length)
            old = max(0, layout.whole_beats(step["position"]) - layout.whole_beats(begin))
            for group in np.repeat(np.arange(layout.groups), self.shared).tolist():
                address = layout.address(layer=layer, group=group, position=begin) + self.offset
                if old:
                    commands.append(command_word(address, old))
                new = address + old * layout.beat_bytes
                commands.append(command_word(new, beats - old))
                taken, words = words[:beats], words[beats:]
                content = b"".join(w.to_bytes(layout.beat_bytes, "little") for w in taken)
                rows[t, :length, group] = layout.unpack(content[: length * layout.pitch])
        own = rows.reshape(tokens, self.context, -1)
        return {
            "o": own if self.windows else own[-1],
            "o_command": np.asarray(commands, dtype=object),
        }

    def timing(self, symbol_values: SymbolValues) -> Timing:
        lengths = self._lengths(symbol_values)
        beats = sum(map(self.rounds, lengths)) * self.layout.groups * self.shared
        if self.joined > 1:
            return Timing(latency=self.joined, interval=beats * self.joined, drain=1)
        parts = self.width // self.chunk
        last = (self.rounds(lengths[-1]) - 1) % parts
        return Timing(latency=Unpacker.latency, interval=beats, drain=Unpacker.latency + last)

    def behaviour(self) -> Behaviour:
        use = MemoryUse(
            asking=_ASKING,
            traffic=self.traffic,
            prefetches=True,
            longer=self._round_trips,
            by_token=True,
        )
        return Behaviour(memory=use)

    def _round_trips(self, symbol_values: SymbolValues, wait: float) -> float:
        """By how much longer than a beat a cycle it takes, from when memory has its first new row:
        it has read the old rows of the first head by then, and for all further ones memory takes
        ``wait`` cycles, with only so many under way at once, one of which it sends."""
        length = symbol_values["length"]
        return _longer(self, (length,) if isinstance(length, int) else tuple(length), wait)

    def resources(self) -> Resources:
        count = bits_for(self.rounds(self.context))
        beats = bits_for(self.layout.beats(self.context))
        control = 3 * ADDRESS_WIDTH + 4 * beats
        if self.windows:
            control += 2 * bits_for(self.context) + 2 * beats
        # what is behind the end of a row is made 0
        inside = (self.positions - 1) * self.layout.elements * self.bits
        commands = Memory(command().size, self.outstanding, asynchronous=True)
        lengths: tuple[Memory, ...] = ()
        if self.positions > 1:
            lengths = (Memory(bits_for(self.context), self.outstanding + 2, asynchronous=True),)
        if self.joined > 1:
            return Resources(
                luts=self.chunk + control + inside,
                muxes=WALK_MUXES,
                ffs=2 * self.chunk + control,
                memories=(commands, *lengths),
            )
        bound = self.rounds(self.context)
        unpack = unpack_resources(width=self.width, part=self.chunk, bound=bound)
        return Resources(
            luts=unpack.luts + control + inside,
            muxes=WALK_MUXES,
            ffs=unpack.ffs + control + 2 * count,
            picks=unpack.picks,
            memories=(
                commands,
                Memory(count, self.outstanding, asynchronous=True),
                *lengths,
            ),
        )

    def create(self) -> "CacheReadKernel":
        return CacheReadKernel(spec=self)

    def _lengths(self, symbol_values: SymbolValues) -> list[int]:
        tokens = symbol_values.get("tokens", self.tokens)
        assert isinstance(tokens, int | np.integer)
        lengths = lengths_of(symbol_values, tokens=int(tokens), context=self.context)
        return [int(length) for length in lengths]


@lru_cache(maxsize=1024)
def _longer(spec: CacheReadSpec, lengths: tuple[int, ...], wait: float) -> float:
    ahead, layout = spec.outstanding + 1, spec.layout
    rows = layout.groups * spec.shared
    asked, sent = 1.0, [0.0] * ahead
    old = (lengths[0] - 1) // layout.beat_rows * layout.beat_rows
    early = old // spec.positions * spec.fold
    for length in lengths:
        for _ in range(rows):
            sent.append(max(sent[-1], asked + wait) + spec.rounds(length) - early)
            asked, early = max(asked + 2, sent[1 - ahead]), 0
    return sent[-1] - (1 + wait) - sum(map(spec.rounds, lengths)) * rows


class CacheReadKernel(wiring.Component):
    """Hardware of ``CacheReadSpec``."""

    def __init__(self, *, spec: CacheReadSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, layout = self.spec, self.spec.layout
        walk = CacheWalk(m, spec, self.i_step, self.cfg_base)
        m.submodules.commands = commands = Queue(shape=command(), depth=spec.outstanding)
        wiring.connect(m, commands.o, wiring.flipped(self.o_command))

        length = Signal(range(spec.context + 1))
        most = layout.beats(spec.context)
        several = max(layout.beat_rows, spec.positions)  # rows that are read together
        together = several // layout.beat_rows * layout.row_beats
        beats, old = (Signal(range(most + 1), name=n) for n in ("beats", "old"))
        fills = Signal()  # rows of earlier steps fill memory beats
        rest = Signal()  # the next command is for those that they do not fill
        written = Signal()  # memory has the row of this token
        query = Signal(range(max(2, spec.shared)))  # of those that read the row in turn
        room, asked, begins, last = (Signal(name=n) for n in ("room", "asked", "begins", "last"))
        passing: Value = length  # rows of this token
        before: Value = Const(0)  # memory beats in front of them
        is_rest: Value = rest
        if spec.windows:
            begin = row_begin(m, walk, length, spec.rows)
            passing = Signal.like(length, name="passing")
            before = Signal(range(most + 1), name="before")
            is_rest = Signal(name="is_rest")
            # of the tokens of a step, the later may begin behind all old rows
            m.d.comb += [
                passing.eq(length - begin * spec.rows.together),
                before.eq(begin * (spec.rows.together // layout.beat_rows * layout.row_beats)),
                is_rest.eq(rest | ~fills),
            ]
        m.d.comb += [
            self.i_written.ready.eq(walk.running & ~written),
            asked.eq(walk.running & (written | ~is_rest) & commands.i.ready & room),
            begins.eq(asked & (~is_rest | ~fills)),
            last.eq(query == spec.shared - 1),
            walk.group_done.eq(asked & is_rest & last),
            fills.eq(old > before if spec.windows else old != 0),
            beats.eq((length + several - 1 >> ceil_log2(several)) * together),
            commands.i.valid.eq(asked),
        ]
        if spec.windows:
            first = Mux(is_rest & fills, old, before)
            m.d.comb += [
                commands.i.p.address.eq(walk.group_at + first * layout.beat_bytes),
                commands.i.p.beats.eq(Mux(is_rest, beats, old) - first),
            ]
        else:
            m.d.comb += [
                commands.i.p.address.eq(walk.group_at + Mux(rest, old * layout.beat_bytes, 0)),
                commands.i.p.beats.eq(Mux(rest, beats - old, old)),
            ]
        with m.If(asked):
            m.d.sync += rest.eq(~is_rest if spec.windows else ~rest | ~fills)
            with m.If(is_rest):
                m.d.sync += query.eq(Mux(last, 0, query + 1))
        with m.If(self.i_written.valid & self.i_written.ready):
            m.d.sync += written.eq(1)
        position = walk.step.position
        whole = (position >> ceil_log2(layout.beat_rows)) * layout.row_beats
        with m.If(walk.begins):
            m.d.sync += [length.eq(position + 1), old.eq(whole)]
            m.d.sync += rest.eq(0 if spec.windows else whole == 0)
        with m.If(walk.token_done):
            m.d.sync += [written.eq(0), length.eq(length + 1)]
        lengths, has_place = None, Const(1, 1)
        if spec.positions > 1:
            # a row's length stays until the row has passed
            shape = range(spec.context + 1)
            m.submodules.lengths = lengths = Queue(shape=shape, depth=spec.outstanding + 2)
            has_place = lengths.i.ready
            m.d.comb += [lengths.i.valid.eq(begins), lengths.i.p.eq(passing)]
        if spec.joined > 1:
            m.submodules.width = width = Width(width_in=spec.width, width_out=spec.chunk)
            m.d.comb += room.eq(has_place)
        else:
            bound = spec.rounds(spec.context)
            m.submodules.counts = counts = Queue(shape=range(bound + 1), depth=spec.outstanding)
            width = Unpacker(width=spec.width, part=spec.chunk, bound=bound)
            m.submodules.unpack = width
            wiring.connect(m, counts.o, width.i_count)
            m.d.comb += [
                room.eq(counts.i.ready if lengths is None else counts.i.ready & has_place),
                counts.i.valid.eq(begins),
                counts.i.p.eq(self._rounds(passing)),
            ]
        m.d.comb += [
            width.i.p.eq(self.i_data.p[0]),
            width.i.valid.eq(self.i_data.valid),
            self.i_data.ready.eq(width.i.ready),
        ]
        if lengths is not None:
            self._send_rows(m, width.o, lengths)
            return m
        m.d.comb += [
            self.o.p.as_value().eq(width.o.p),
            self.o.valid.eq(width.o.valid),
            width.o.ready.eq(self.o.ready),
        ]
        return m

    def _rounds(self, length: Value) -> Value:
        """Beats of ``o`` of a row."""
        if self.spec.positions == 1:
            return length * self.spec.fold
        return last_round(length, self.spec.positions) + 1

    def _send_rows(self, m: Module, rows: stream.Interface, lengths: Queue) -> None:
        """Rows beside each other, without what pads them; those behind the last one are zeros."""
        spec, layout = self.spec, self.spec.layout
        pitch, size = layout.pitch * 8, layout.elements * spec.bits
        at = Signal(range(max(2, spec.context // spec.positions)), name="at")
        ends, fire = Signal(name="ends"), Signal(name="fire")
        rest = (lengths.o.p - 1)[: ceil_log2(spec.positions)]  # index of the last row in its beat
        sent = []
        for place in range(spec.positions):
            row = Signal(size, name=f"row_{place}")
            with m.If(~ends | (place <= rest)):
                m.d.comb += row.eq(rows.p[place * pitch :][:size])
            sent.append(row)
        m.d.comb += [
            ends.eq(at == last_round(lengths.o.p, spec.positions)),
            self.o.p.as_value().eq(Cat(sent)),
            self.o.valid.eq(rows.valid & lengths.o.valid),
            rows.ready.eq(self.o.ready & lengths.o.valid),
            fire.eq(rows.valid & rows.ready),
            lengths.o.ready.eq(fire & ends),
        ]
        with m.If(fire):
            m.d.sync += at.eq(Mux(ends, 0, at + 1))
