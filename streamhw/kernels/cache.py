# SPDX-License-Identifier: Apache-2.0
"""Key/value cache in memory: appends the rows of new tokens, reads all rows of each head."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2
from numpy.typing import NDArray

from ..numerics.fixed import Fixed
from ..stream.axi.signature import ADDRESS_WIDTH, command, write_data
from ..stream.itensor import Bindings
from ..stream.queue import Queue
from ..stream.step import step_layout
from ..stream.unpack import Unpack
from .attention import cached_type, check_shared, lengths_of, row_type
from .base import KernelSpec, Memory, Port, Resources, Tensors, Timing, raw

__all__ = ["CacheAppend", "CacheAppendKernel", "CacheRead", "CacheReadKernel", "cache_address"]

_START = 3
"""Cycles from a step to its first row: product, address, and the step itself."""
_WRITES = 4
"""Writes that wait for their DMA."""


def cache_address(spec: "CacheAppend | CacheRead", *, layer: int, head: int, position: int) -> int:
    """Byte of the element 0 of a row of a head, counted from ``cfg_base``."""
    row = (layer * spec.heads + head) * spec.context + position
    return spec.offset + row * spec.head_dim


@dataclass(frozen=True, kw_only=True)
class _Cache(KernelSpec):
    heads: int
    head_dim: int
    context: int
    layers: int
    tokens: int
    lanes: int
    width: int
    offset: int = 0

    def __post_init__(self) -> None:
        beat = self.beat_bytes
        if self.width % 8 or beat & (beat - 1):
            raise ValueError(f"width must be 8 times a power of two, not {self.width}")
        if self.head_dim % beat and beat % self.head_dim:
            raise ValueError(
                f"head_dim must divide or be a multiple of {beat} bytes, not {self.head_dim}"
            )
        if self.context * self.head_dim % beat:
            raise ValueError(
                f"context must fill whole beats of {beat} bytes with rows of {self.head_dim}, "
                f"not {self.context}"
            )
        if self.lanes < 1 or self.unit % self.lanes:
            raise ValueError(f"lanes must divide {self.unit} bytes of a beat, not {self.lanes}")
        if self.offset % beat or self.offset < 0:
            raise ValueError(f"offset must be a multiple of {beat} bytes, not {self.offset}")

    @property
    def beat_bytes(self) -> int:
        """Bytes of a memory beat."""
        return self.width // 8

    @property
    def unit(self) -> int:
        """Bytes of a row of a head within one memory beat."""
        return min(self.head_dim, self.beat_bytes)

    @property
    def head_bytes(self) -> int:
        """Bytes of all positions of one head."""
        return self.context * self.head_dim

    @property
    def size(self) -> int:
        """Bytes of the whole cache: [layer][head][position][head_dim]."""
        return self.layers * self.heads * self.head_bytes

    @property
    def step(self) -> data.StructLayout:
        """Layout of i_step."""
        return step_layout(tokens=self.tokens, context=self.context, layers=self.layers)

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {
            "i_step": In(stream.Signature(self.step)),
            "o_command": Out(stream.Signature(command())),
            "cfg_base": In(ADDRESS_WIDTH),
        }

    def _step(self, inputs: Tensors) -> dict[str, int]:
        constant = self.step.from_bits(int(np.asarray(inputs["i_step"], dtype=object).flat[0]))
        return {name: int(constant[name]) for name in ("tail", "tokens", "position", "layer")}

    @staticmethod
    def _command(address: int, beats: int) -> int:
        constant = command().const({"address": address, "beats": beats})
        return int(constant.as_value().value)


@dataclass(frozen=True, kw_only=True)
class CacheAppend(_Cache):
    """Writes one row of ``head_dim`` bytes for each token and head, and says when memory has them.

    A row shorter than a memory beat goes to all its places in the beat, and the strobe picks one.
    Connect o_command, o_data and i_done to a write DMA. A step with ``tail`` is passed over.

    Shapes      i_step: one a group; i: [tokens, heads * head_dim] row-major, ``lanes`` a beat;
                o_command: one a token and head; o_data: max(1, head_dim * 8 / width) a command;
                i_done: one a command; o_written: one a token, when all its commands are done
    Formats     i: int8; o_command: ``command()``; o_data: ``write_data(width)``
    Parameters  heads, head_dim; context, layers, tokens: bounds; lanes: divides what of a row is in
                one memory beat; width: bits of a memory beat; offset: byte of the cache, counted
                from cfg_base; memory holds [layer][head][position][head_dim]
    Members     cfg_base: In(40), multiple of the bytes of a beat, stable while steps pass
    Timing      interval = tokens * heads * head_dim / lanes + 3 cycles; a write is offered 1 cycle
                after its last elements; o_written 1 cycle after the last i_done of a row
    Buffers     4 memory beats, 4 commands
    Error       none: elements pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if rows do not fit beats evenly, or lanes or offset are not as above
    Source      none: addresses and a shift register
    """

    @property
    def ports(self) -> tuple[Port, ...]:
        shape = {"tokens": self.tokens, "heads": self.heads, "head_dim": self.head_dim}
        return (
            Port("i_step", raw(self.step.size)),
            Port("i", row_type(Fixed(8), **shape, lanes=self.lanes)),
            Port("o_command", raw(command().size)),
            Port("o_data", raw(write_data(self.width).size)),
            Port("i_done", raw(1)),
            Port("o_written", raw(1)),
        )

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {"o_data": Out(stream.Signature(write_data(self.width)))}

    def compute(self, inputs: Tensors, bindings: Bindings) -> dict[str, NDArray[np.int64]]:
        """The commands (relative to a base of 0) and memory beats of one step."""
        step = self._step(inputs)
        rows = np.asarray(inputs["i"], dtype=np.int64) & 0xFF
        commands, beats = [], []
        for t, row in enumerate(rows.reshape(-1, self.heads, self.head_dim)):
            position = step["position"] + t
            for head in range(self.heads):
                address = cache_address(self, layer=step["layer"], head=head, position=position)
                place = address % self.beat_bytes
                commands.append(
                    self._command(address - place, max(1, self.head_dim // self.beat_bytes))
                )
                for part in row[head].reshape(-1, self.unit):
                    copies = np.tile(part, self.beat_bytes // self.unit)
                    strobe = ((1 << self.unit) - 1) << place
                    word = int.from_bytes(bytes(copies.tolist()), "little")
                    beats.append(word | strobe << self.width)
        return {
            "o_command": np.asarray(commands, dtype=object),
            "o_data": np.asarray(beats, dtype=object),
            "o_written": np.zeros(len(rows), dtype=np.int64),
        }

    def timing(self, bindings: Bindings) -> Timing:
        beats = self.port("i").type.tokens(bindings)
        return Timing(latency=_START + self.unit // self.lanes, interval=beats + _START, drain=1)

    def resources(self) -> Resources:
        return Resources(
            luts=2 * ADDRESS_WIDTH + 40,
            ffs=(self.unit - self.lanes) * 8 + 3 * ADDRESS_WIDTH + 20,
            memories=(
                Memory(write_data(self.width).size, _WRITES, asynchronous=True),
                Memory(command().size, _WRITES, asynchronous=True),
            ),
        )

    def create(self) -> "CacheAppendKernel":
        return CacheAppendKernel(spec=self)


@dataclass(frozen=True, kw_only=True)
class CacheRead(_Cache):
    """Reads all rows of each head up to each token's own, as soon as memory has that one, again
    for each of the ``shared`` query heads that use it.

    Commands run ahead of the data by up to ``outstanding`` heads. Connect o_command and i_data to
    a read DMA, i_written to the append kernel of the same cache. A step with ``tail`` is passed
    over.

    Shapes      i_step: one a group; i_written: one a token; o_command: one a token and query head;
                i_data: ceil(length * head_dim * 8 / width) memory beats a command;
                o: [context, heads * head_dim], again for each token, head by head, each ``shared``
                times, the first ``length`` = position + index + 1 rows
    Formats     o: int8; o_command: ``command()``
    Parameters  as of ``CacheAppend``; outstanding: heads whose data may be missing; shared: query
                heads a cached head
    Members     cfg_base: In(40), as of ``CacheAppend``
    Timing      interval = heads * shared * head_dim / lanes * sum of the lengths, if memory keeps
                up;
                the first command 5 cycles after its step; latency = 2 from a memory beat to its
                first elements, when its command has been given
    Buffers     3 memory beats, ``outstanding`` commands
    Error       none: elements pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if rows do not fit beats evenly, or a parameter is not as above
    Source      none: addresses and a shift register
    """

    outstanding: int = 4
    shared: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_shared(self.shared, self.heads * self.shared)
        if self.outstanding < 2:
            raise ValueError(f"outstanding must be at least 2, not {self.outstanding}")

    @property
    def fold(self) -> int:
        """Beats of ``o`` of one row of a head."""
        return self.head_dim // self.lanes

    @property
    def ports(self) -> tuple[Port, ...]:
        shape = {
            "tokens": self.tokens,
            "heads": self.heads * self.shared,
            "head_dim": self.head_dim,
            "context": self.context,
            "shared": self.shared,
        }
        return (
            Port("i_step", raw(self.step.size)),
            Port("i_written", raw(1)),
            Port("o_command", raw(command().size)),
            Port("i_data", raw(self.width)),
            Port("o", cached_type(Fixed(8), **shape, lanes=self.lanes)),
        )

    def beats(self, length: int) -> int:
        """Memory beats of one head up to that length."""
        return -(-length * self.head_dim // self.beat_bytes)

    def compute(self, inputs: Tensors, bindings: Bindings) -> dict[str, NDArray[np.int64]]:
        """Elements of the last token's memory beats; commands relative to a base of 0."""
        step = self._step(inputs)
        words = [int(w) for w in np.asarray(inputs["i_data"], dtype=object).flat]
        rows = np.zeros((self.context, self.heads, self.head_dim), dtype=np.int64)
        commands = []
        for t in range(step["tokens"]):
            length = step["position"] + t + 1
            for head in np.repeat(np.arange(self.heads), self.shared).tolist():
                address = cache_address(self, layer=step["layer"], head=head, position=0)
                commands.append(self._command(address, self.beats(length)))
                taken, words = words[: self.beats(length)], words[self.beats(length) :]
                content = b"".join(w.to_bytes(self.beat_bytes, "little") for w in taken)
                codes = np.frombuffer(content, dtype=np.int8)[: length * self.head_dim]
                rows[:length, head] = codes.reshape(length, self.head_dim)
        return {
            "o": rows.reshape(self.context, -1),
            "o_command": np.asarray(commands, dtype=object),
        }

    def timing(self, bindings: Bindings) -> Timing:
        tokens = bindings.get("tokens", self.tokens)
        assert isinstance(tokens, int | np.integer)
        lengths = lengths_of(bindings, tokens=int(tokens), context=self.context)
        last = int(lengths[-1]) * self.fold
        parts = self.beat_bytes // self.lanes
        return Timing(
            latency=Unpack.latency,
            interval=int(lengths.sum()) * self.heads * self.shared * self.fold,
            drain=Unpack.latency + (last - 1) % parts,
        )

    def resources(self) -> Resources:
        count = bits_for(self.context * self.fold)
        return Resources(
            luts=self.width + 2 * ADDRESS_WIDTH + 48,
            ffs=self.width + 2 * ADDRESS_WIDTH + 4 * count + 29,
            memories=(
                Memory(self.width, 2, asynchronous=True),
                Memory(command().size, self.outstanding, asynchronous=True),
                Memory(count, self.outstanding, asynchronous=True),
            ),
        )

    def create(self) -> "CacheReadKernel":
        return CacheReadKernel(spec=self)


class _Walk:
    """Tokens and heads of a step: waits for one, finds its first address, counts."""

    def __init__(self, m: Module, spec: _Cache, i_step: stream.Interface, cfg_base: Signal) -> None:
        self.step = step = Signal(spec.step, name="step")
        self.running = Signal(name="running")
        self.head_done = Signal(name="head_done")  # driven: this cycle ends a head
        self.token_done = Signal(name="token_done")
        self.token = Signal(range(spec.tokens + 1), name="token")
        self.head = Signal(range(max(2, spec.heads)), name="head")
        self.layer_at = Signal(ADDRESS_WIDTH, name="layer_at")
        self.head_at = Signal(ADDRESS_WIDTH, name="head_at")
        layer_bytes = Signal(ADDRESS_WIDTH, name="layer_bytes")
        start = Signal(2, name="start")
        idle = Signal(init=1, name="idle")
        last = Signal(name="last_token")
        m.d.comb += [
            i_step.ready.eq(idle),
            self.token_done.eq(self.head_done & (self.head == spec.heads - 1)),
            last.eq(self.token == step.tokens - 1),
        ]
        m.d.sync += start.eq(start << 1)
        with m.If(i_step.valid & idle & ~i_step.p.tail):
            m.d.sync += [step.eq(i_step.p), idle.eq(0), start.eq(1), self.token.eq(0)]
        m.d.sync += layer_bytes.eq(step.layer * (spec.heads * spec.head_bytes) + spec.offset)
        with m.If(start[1]):
            m.d.sync += [
                self.layer_at.eq(cfg_base + layer_bytes),
                self.head_at.eq(cfg_base + layer_bytes),
                self.running.eq(1),
            ]
        with m.If(self.head_done):
            m.d.sync += [
                self.head.eq(Mux(self.token_done, 0, self.head + 1)),
                self.head_at.eq(
                    Mux(self.token_done, self.layer_at, self.head_at + spec.head_bytes)
                ),
            ]
        with m.If(self.token_done):
            m.d.sync += self.token.eq(self.token + 1)
            with m.If(last):
                m.d.sync += [self.running.eq(0), idle.eq(1)]
        self.begins = start[1]


class CacheAppendKernel(wiring.Component):
    """Hardware of ``CacheAppend``."""

    def __init__(self, *, spec: CacheAppend) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        walk = _Walk(m, spec, self.i_step, self.cfg_base)
        m.submodules.commands = commands = Queue(shape=command(), depth=_WRITES)
        m.submodules.writes = writes = Queue(shape=write_data(spec.width), depth=_WRITES)
        wiring.connect(m, commands.o, wiring.flipped(self.o_command))
        wiring.connect(m, writes.o, wiring.flipped(self.o_data))

        gather, parts = spec.unit // spec.lanes, spec.head_dim // spec.unit
        gathered = Signal(spec.unit * 8)
        full = Signal(spec.unit * 8)
        beat = Signal(range(gather))
        part = Signal(range(max(2, parts)))
        position_bytes = Signal(range(spec.head_bytes))
        address = Signal(ADDRESS_WIDTH)
        complete, may, fire = Signal(), Signal(), Signal()
        m.d.comb += [
            complete.eq(beat == gather - 1),
            may.eq(walk.running & (~complete | (commands.i.ready & writes.i.ready))),
            self.i.ready.eq(may),
            fire.eq(may & self.i.valid),
            full.eq(Cat(gathered, self.i.p.as_value())[spec.lanes * 8 :]),
            walk.head_done.eq(fire & complete & (part == parts - 1)),
            writes.i.valid.eq(fire & complete),
            writes.i.p.data.eq(full.replicate(spec.beat_bytes // spec.unit)),
            commands.i.valid.eq(fire & complete & (part == 0)),
            address.eq(walk.head_at + position_bytes),
            commands.i.p.address.eq(address & ~(spec.beat_bytes - 1)),
            commands.i.p.beats.eq(parts),
        ]
        place = position_bytes[: ceil_log2(spec.beat_bytes)] if spec.unit < spec.beat_bytes else 0
        m.d.comb += writes.i.p.strobe.eq(((1 << spec.unit) - 1) << place)
        with m.If(fire):
            m.d.sync += [gathered.eq(full), beat.eq(Mux(complete, 0, beat + 1))]
            with m.If(complete):
                m.d.sync += part.eq(Mux(part == parts - 1, 0, part + 1))
        with m.If(walk.begins):
            m.d.sync += position_bytes.eq(walk.step.position * spec.head_dim)
        with m.If(walk.token_done):
            m.d.sync += position_bytes.eq(position_bytes + spec.head_dim)

        done = Signal(range(max(2, spec.heads)))
        limit = 2 * spec.tokens
        rows = Signal(range(limit + 1))
        row_done, taken = Signal(), Signal()
        m.d.comb += [
            self.i_done.ready.eq(rows != limit),
            row_done.eq(self.i_done.valid & self.i_done.ready & (done == spec.heads - 1)),
            self.o_written.valid.eq(rows != 0),
            taken.eq(self.o_written.valid & self.o_written.ready),
        ]
        with m.If(self.i_done.valid & self.i_done.ready):
            m.d.sync += done.eq(Mux(row_done, 0, done + 1))
        m.d.sync += rows.eq(rows + row_done - taken)
        return m


class CacheReadKernel(wiring.Component):
    """Hardware of ``CacheRead``."""

    def __init__(self, *, spec: CacheRead) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        walk = _Walk(m, spec, self.i_step, self.cfg_base)
        bound = spec.context * spec.fold
        m.submodules.commands = commands = Queue(shape=command(), depth=spec.outstanding)
        m.submodules.counts = counts = Queue(shape=range(bound + 1), depth=spec.outstanding)
        m.submodules.unpack = unpack = Unpack(width=spec.width, part=spec.lanes * 8, bound=bound)
        wiring.connect(m, commands.o, wiring.flipped(self.o_command))
        wiring.connect(m, counts.o, unpack.i_count)

        written = Signal()  # memory has the row of this token
        length = Signal(range(spec.context + 1))
        rounded = Signal(unsigned(bits_for(spec.head_bytes + spec.beat_bytes)))
        query = Signal(range(max(2, spec.shared)))  # of those that share the head
        asked, last = Signal(), Signal()
        m.d.comb += [
            self.i_written.ready.eq(walk.running & ~written),
            asked.eq(written & commands.i.ready & counts.i.ready),
            last.eq(query == spec.shared - 1),
            walk.head_done.eq(asked & last),
            commands.i.valid.eq(asked),
            counts.i.valid.eq(asked),
            rounded.eq(length * spec.head_dim + spec.beat_bytes - 1),
            commands.i.p.address.eq(walk.head_at),
            commands.i.p.beats.eq(rounded >> ceil_log2(spec.beat_bytes)),
            counts.i.p.eq(length * spec.fold),
        ]
        with m.If(asked):
            m.d.sync += query.eq(Mux(last, 0, query + 1))
        with m.If(self.i_written.valid & self.i_written.ready):
            m.d.sync += written.eq(1)
        with m.If(walk.begins):
            m.d.sync += length.eq(walk.step.position + 1)
        with m.If(walk.token_done):
            m.d.sync += [written.eq(0), length.eq(length + 1)]
        m.d.comb += [
            unpack.i.p.eq(self.i_data.p[0]),
            unpack.i.valid.eq(self.i_data.valid),
            self.i_data.ready.eq(unpack.i.ready),
            self.o.p.as_value().eq(unpack.o.p),
            self.o.valid.eq(unpack.o.valid),
            unpack.o.ready.eq(self.o.ready),
        ]
        return m
