# SPDX-License-Identifier: Apache-2.0
"""Spilled streams: one kernel writes a tensor to memory, another reads it in the sink's order."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...stream.axi.signature import ADDRESS_WIDTH, command, command_word, write_data
from ...stream.behaviour import Behaviour, MemoryUse
from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.itensor.memory_order import Spill, spill
from ...stream.spec import KernelSpec, Memory, Port, Resources, Role, Tensors, Timing, raw
from ...stream.unpacker import Unpacker
from .spill_hardware import QUEUE, SpillReadKernel, SpillWriteKernel

__all__ = ["SpillReadSpec", "SpillWriteSpec"]

WRITE_BURST, READ_BURST = 2, 4
"""Beats of the longest burst of a spilled stream, which is there to save memory on chip: its DMAs
hold two of them. A stream of 32 bits a cycle then hides 128 cycles of memory's latency."""


@dataclass(frozen=True, kw_only=True)
class _Spilled(KernelSpec):
    source: ITensor
    target: ITensor
    width: int
    offset: int = 0

    def __post_init__(self) -> None:
        if self.width < 8 or self.width & (self.width - 1):
            raise ValueError(f"width must be a power of two of at least 8, not {self.width}")
        if self.offset % (self.width // 8) or self.offset < 0:
            raise ValueError(
                f"offset must be a multiple of {self.width // 8} bytes, not {self.offset}"
            )
        _ = self.layout

    def located(self, offset: int) -> Self:
        return replace(self, offset=offset)

    @cached_property
    def layout(self) -> Spill:
        """Where tiles lie."""
        layout = spill(self.source, self.target, self.width)
        if layout is None or not layout.target.is_same_stream(self.target):
            raise ValueError(
                f"target must be an order in which {self.source} can be read from memory of "
                f"{self.width} bits, not {self.target}"
            )
        return layout

    def _tokens(self) -> tuple[Port, ...]:
        symbol = self.layout.symbol
        if symbol is None:
            return ()
        fmt = Fixed(symbol.bound.bit_length(), signed=False)
        return (Port(f"i_{symbol.name}", ITensor(fmt, (1,), ()), Role.SYMBOL, symbol),)

    def _count(self, symbol_values: SymbolValues) -> int:
        symbol = self.layout.symbol
        if symbol is None:
            return 1
        value = symbol_values.get(symbol.name, symbol.bound)
        assert isinstance(value, int | np.integer)
        return int(value)

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {
            "o_command": Out(stream.Signature(command())),
            "cfg_base": In(ADDRESS_WIDTH),
        }


@dataclass(frozen=True, kw_only=True)
class SpillWriteSpec(_Spilled):
    """Writes each beat to where the reader passes it, and says when memory has all of them.

    Neighbors in one memory beat that come one after another are gathered and written together.
    Connect o_command, o_data and i_done to a write DMA, o_written and i_free to the read kernel.

    Shapes      i: ``source``; i_tokens: one an invocation, if the types depend on it; o_command,
                o_data: one a memory beat; i_done: one a command; o_written: one an invocation, when
                all its commands are done; i_free: one an invocation, when all of it has been read
    Formats     of ``source``; o_command: ``command()``; o_data: ``write_data(width)``
    Parameters  source, target: the types written and read (see ``spill``); width: bits of a memory
                beat; offset: byte of the region, counted from cfg_base
    Members     cfg_base: In(40), multiple of the bytes of a beat, stable while steps pass
    Timing      interval = beats of ``source`` + 8 cycles and what memory takes; one beat a cycle;
                a memory beat is offered 2 cycles after the one that follows it
    Buffers     3 memory beats, 2 commands
    Error       none: elements pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if there is no layout, or width or offset are not as above
    Source      none: the address walk of a nest of loops
    """

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            *self._tokens(),
            Port("i", self.source),
            Port("i_free", raw(1), Role.FREE),
            Port("i_done", raw(1), Role.MEM_DONE),
            Port("o_command", raw(command().size), Role.MEM_COMMAND),
            Port("o_data", raw(write_data(self.width).size), Role.MEM_WRITE),
            Port("o_written", raw(1), Role.WRITTEN),
        )

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {"o_data": Out(stream.Signature(write_data(self.width)))}

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """The commands (relative to a base of 0) and memory beats of one invocation."""
        layout, beat = self.layout, self.width // 8
        codes = self.source.pack(np.asarray(inputs["i"]), symbol_values)
        mask = (1 << self.source.fmt.width) - 1
        commands, words = [], []
        data, strobe, held = 0, 0, -1
        for row, at in zip(codes.tolist(), layout.positions(symbol_values).tolist(), strict=True):
            if at // beat != held and held >= 0:
                commands.append(command_word(self.offset + held * beat, 1))
                words.append(data | strobe << self.width)
                data, strobe = 0, 0
            held = at // beat
            for lane, code in enumerate(row):
                unit, place = divmod(lane, layout.lanes)
                shift = unit * layout.unit_bits + place * self.source.fmt.width
                data |= (code & mask) << (8 * (at % beat) + shift)
            strobe |= ((1 << layout.write_bits // 8) - 1) << (at % beat)
        commands.append(command_word(self.offset + held * beat, 1))
        words.append(data | strobe << self.width)
        return {
            "o_command": np.asarray(commands, dtype=object),
            "o_data": np.asarray(words, dtype=object),
            "o_written": np.zeros(1, dtype=np.int64),
        }

    def timing(self, symbol_values: SymbolValues) -> Timing:
        beats = self.source.beats(symbol_values)
        return Timing(latency=beats + 6, interval=beats + 8, drain=6)

    def traffic(self, symbol_values: SymbolValues) -> int:
        """Memory beats written."""
        return self.layout.writes(symbol_values)

    def behaviour(self) -> Behaviour:
        use = MemoryUse(
            traffic=self.traffic, burst=WRITE_BURST, beside=True, spilled=self.layout.bytes
        )
        return Behaviour(memory=use)

    def resources(self) -> Resources:
        bits = (self.layout.bytes - 1).bit_length()
        loops = len(self.layout.strides)
        # Parts of a memory beat are gathered, with a strobe for each and the address of the beat.
        merged = self.layout.write_bits < self.width
        strobes = self.width // 8 + ADDRESS_WIDTH if merged else 0
        return Resources(
            luts=merged * self.width + ADDRESS_WIDTH + loops * bits + 24,
            ffs=self.width + strobes + self.layout.write_bits + loops * bits + 20,
            memories=(
                _queue(write_data(self.width).size),
                _queue(command().size),
            ),
        )

    def create(self) -> "SpillWriteKernel":
        return SpillWriteKernel(self, self.layout, self.offset)


@dataclass(frozen=True, kw_only=True)
class SpillReadSpec(_Spilled):
    """Reads what a ``SpillWriteSpec`` wrote, from front to back, as often as the target repeats it.

    Connect o_command and i_data to a read DMA, i_written and o_free to the write kernel.

    Shapes      i_tokens: one an invocation, if the types depend on it; i_written: one an
                invocation; o_command: one a pass; i_data: all memory beats of an invocation a
                pass; o: ``target``; o_free: one an invocation, when all memory beats have come
    Formats     of ``source``; o_command: ``command()``
    Parameters  as of ``SpillWriteSpec``
    Members     cfg_base: In(40), as of ``SpillWriteSpec``
    Timing      interval = beats of ``target`` + 8 cycles if memory keeps up; the first command 2
                cycles after i_written; latency = 2 from a memory beat to its first elements
    Buffers     3 memory beats, 2 commands
    Error       none: elements pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if there is no layout, or width or offset are not as above
    Source      none: a counter and a shift register
    """

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            *self._tokens(),
            Port("i_written", raw(1), Role.WRITTEN),
            Port("i_data", raw(self.width), Role.MEM_READ),
            Port("o_command", raw(command().size), Role.MEM_COMMAND),
            Port("o", self.target),
            Port("o_free", raw(1), Role.FREE),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """Elements of the first pass's memory beats; commands relative to a base of 0."""
        layout, lanes = self.layout, self.layout.lanes
        beats = layout.beats(self._count(symbol_values))
        words = [int(w) for w in np.asarray(inputs["i_data"], dtype=object).flat][:beats]
        content = sum(word << (i * self.width) for i, word in enumerate(words))
        fmt, count = self.source.fmt, layout.stored.beats(symbol_values)
        codes = np.zeros((count, layout.stored.lanes), dtype=np.int64)
        for index in range(count * (layout.stored.lanes // lanes)):
            unit = content >> (index * layout.unit_bits)
            for lane in range(lanes):
                code = (unit >> (lane * fmt.width)) & ((1 << fmt.width) - 1)
                code -= int(code > fmt.maximum) << fmt.width
                codes.reshape(-1)[index * lanes + lane] = code
        commands = [command_word(self.offset, beats)] * layout.passes
        return {
            "o": layout.stored.unpack(codes, symbol_values),
            "o_command": np.asarray(commands, dtype=object),
            "o_free": np.zeros(1, dtype=np.int64),
        }

    def timing(self, symbol_values: SymbolValues) -> Timing:
        beats = self.target.beats(symbol_values)
        return Timing(latency=Unpacker.latency + 4, interval=beats + 8, drain=Unpacker.latency)

    def traffic(self, symbol_values: SymbolValues) -> int:
        """Memory beats read."""
        return self.layout.passes * self.layout.beats(self._count(symbol_values))

    def behaviour(self) -> Behaviour:
        use = MemoryUse(traffic=self.traffic, burst=READ_BURST, spilled=self.layout.bytes)
        return Behaviour(memory=use)

    def resources(self) -> Resources:
        parts = self.layout.stored.beats().bit_length()
        total = self.traffic({}).bit_length()
        return Resources(
            # A beat of the stream is cut from one of memory, and waits with the next.
            luts=2 * self.layout.write_bits,
            ffs=2 * self.layout.write_bits + self.width + ADDRESS_WIDTH + 4 * parts + 2 * total,
            memories=(
                _queue(self.width),
                _queue(command().size),
                _queue(parts),
            ),
        )

    def create(self) -> "SpillReadKernel":
        return SpillReadKernel(self, self.layout, self.offset)


def _queue(width: int) -> Memory:
    return Memory(width, QUEUE, asynchronous=True)
