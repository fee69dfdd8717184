# SPDX-License-Identifier: Apache-2.0
"""Layout converter: takes a tensor in one order and sends it in another, again and again."""

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from .. import spec as base
from ..address_generator import symbol_width
from ..credit import credit_beats, credit_latency, credit_memory
from ..itensor.itensor import ITensor, Loop, Symbol, SymbolValues
from ..spec import KernelSpec, Port, Resources, Tensors, Timing, raw
from .block_plan import Axis, ConverterPlan, analyze
from .buffered import ConverterKernel
from .buffered_timing import Schedule
from .in_place import ConverterPlaceKernel
from .in_place_plan import PlacePlan, place_plan
from .in_place_timing import PlaceSchedule
from .page_plan import PagePlan, page_plan
from .paged import ConverterMapKernel
from .paged_timing import MapSchedule
from .peak_live import PeakLive, peak_live

__all__ = ["BufferKind", "ConverterSpec"]


class BufferKind(Enum):
    """What a converter keeps in memory.

    SINGLE: one block, which is written, then read; PING_PONG: two blocks, one is written while the
    other is read; IN_PLACE: one block, whose places are written anew as soon as they are read;
    MAPPED: no more than the live set, in pages that the writer takes where it finds them
    """

    SINGLE = "single"
    PING_PONG = "ping-pong"
    IN_PLACE = "in place"
    MAPPED = "mapped"


KERNELS = {
    BufferKind.SINGLE: ConverterKernel,
    BufferKind.PING_PONG: ConverterKernel,
    BufferKind.IN_PLACE: ConverterPlaceKernel,
    BufferKind.MAPPED: ConverterMapKernel,
}
SCHEDULES = {BufferKind.IN_PLACE: PlaceSchedule, BufferKind.MAPPED: MapSchedule}


@dataclass(frozen=True, kw_only=True)
class ConverterSpec(KernelSpec):
    """Changes the order, repetition and lanes of a stream, not its elements.

    A writer fills a buffer in the order of ``source``, a reader empties it in the order of
    ``target``. The loops that both types begin with are shared: the buffer holds one block of
    what is below them. In place, the reader follows the writer, and the writer of the next block
    the reader, word by word. Else the reader waits for the block, unless the target reads its
    first pass in the order of the source (a pure replay).

    Shapes      i: ``source``; o: ``target``, over one data space; i_<symbol>: one value an
                activation, or, of a ragged symbol, one for each entry of the loop that it bounds
    Formats     the same on both sides; symbols unsigned, 1 to their bound
    Parameters  source: each tile of a block once; target: may re-read, may have other lanes along
                the last dimension (one tile is an integer number of the other); kind: what the
                memory holds (see ``BufferKind``)
    Timing      W, R beats of a block in and out. Two buffers: a block is first read W cycles after
                it is first written (following: as soon as its first word is complete) and offered
                3 cycles later; interval = max(W, R) summed over blocks. Single: interval = W + R
                if nothing follows. In place: a beat is read from the cycle after its words are
                written, a place written from the cycle after it is freed; interval = max(W, R) if
                a source beat is a word and a block is more than one. Symbols of the source delay
                the first beat by 2 cycles, a change of the block's size, in place, by one more
    Buffers     1 or 2 blocks in synchronous RAM, one memory for each narrower tile of a word
    Stalls      lossless; output independent of stalls; no combinational path between ports
    Raises      ValueError: if no conversion exists (see ``analyze``), or not in place
    Source      the common-prefix rule on iterative tensors, after StreamTensor (arXiv 2509.13694)
    """

    source: ITensor
    target: ITensor
    kind: BufferKind = BufferKind.PING_PONG

    def __post_init__(self) -> None:
        names: dict[str, Symbol] = {}
        for symbol in self._symbols_of(self.source) + self._symbols_of(self.target):
            if names.setdefault(symbol.name, symbol) != symbol:
                raise ValueError(
                    f"Converter symbol must mean one thing, not {symbol} and {names[symbol.name]}"
                )
        _ = self.plan
        if self.kind is BufferKind.IN_PLACE and self.place is None:
            raise ValueError(
                f"Converter in place must have orders that differ by one rotation of loops, not "
                f"{self.source} to {self.target}"
            )
        if self.kind is BufferKind.MAPPED and self.pages is None:
            raise ValueError(
                f"Converter with pages must have orders that differ in common loops, not "
                f"{self.source} to {self.target}"
            )

    @cached_property
    def plan(self) -> ConverterPlan:
        """Shared loops, block and walks."""
        return analyze(self.source, self.target)

    @cached_property
    def loops(self) -> PlacePlan | None:
        """Both walks in common loops, if there are any."""
        return place_plan(self.plan, self.source, self.target)

    @property
    def place(self) -> PlacePlan | None:
        """The walks in place, if the orders allow them."""
        return None if self.loops is None or self.loops.outer is None else self.loops

    @cached_property
    def pages(self) -> PagePlan | None:
        """Pages and their tables, if the orders allow them."""
        return page_plan(self.plan, self.loops, self.source, self.target)

    @property
    def depth(self) -> int:
        """Words of memory."""
        if self.kind is BufferKind.MAPPED and self.pages is not None:
            return self.pages.pages * self.pages.pitch
        return self.plan.words * self.buffers

    @property
    def buffers(self) -> int:
        """Blocks in memory."""
        return 2 if self.kind is BufferKind.PING_PONG else 1

    @property
    def live(self) -> PeakLive:
        """What any converter of this pair must hold."""
        return peak_live(self.source, self.target)

    @property
    def bits(self) -> int:
        """Bits of memory, tables of addresses included."""
        tables = self.pages.table_bits if self.kind is BufferKind.MAPPED and self.pages else 0
        return self.depth * self.plan.lanes * self.source.fmt.width + tables

    @property
    def ping_pong_bits(self) -> int:
        """Bits of two blocks."""
        return prod(self.plan.block) * self.source.fmt.width * 2

    @property
    def bound_bits(self) -> int:
        """Bits of the live set."""
        return self.live.elements * self.source.fmt.width

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """Symbols of both nests by name."""
        both = self._symbols_of(self.source) + self._symbols_of(self.target)
        return tuple(sorted(set(both)))

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i", self.source),
            *(Port(symbol.port, self._values_type(symbol)) for symbol in self.symbols),
            Port("o", self.target),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        return {"o": np.asarray(inputs["i"], dtype=np.int64)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        steady = SCHEDULES.get(self.kind, Schedule)(self, symbol_values, activations=5)
        alone = self.alone(symbol_values)
        return replace(alone, interval=steady.reads[-1] - steady.reads[-2])

    def alone(self, symbol_values: SymbolValues) -> Timing:
        """Timing of one activation by itself, in a fraction of the time: the interval is what its
        input takes."""
        single = SCHEDULES.get(self.kind, Schedule)(self, symbol_values, activations=1)
        behind = credit_latency(KERNELS[self.kind].pipeline)
        return Timing(
            latency=single.reads[0] + behind,
            interval=self.source.beats(symbol_values),
            drain=single.last_read + behind - single.last_accepted,
        )

    def ahead(self, alone: Timing) -> int:
        """Beats behind the first that must have come before the first is given, from the timing of
        an activation by itself."""
        begin = 2 * any(isinstance(axis.trip, Symbol) for axis in self.writer)
        read = alone.latency - credit_latency(KERNELS[self.kind].pipeline)
        return max(0, min(read - begin, alone.interval) - 1)

    @property
    def waiting(self) -> int:
        """Words that leave memory before the first output beat is taken: they wait in the queue at
        the end, unless memory must keep them for another read."""
        if self.plan.reuse > 1:
            return 0
        beats = credit_beats(KERNELS[self.kind].pipeline)
        return beats * self.target.lanes // self.plan.lanes

    def resources(self) -> Resources:
        plan, word = self.plan, self.target.beat_bits
        axes = len(plan.write) + len(plan.read) + 2 * len(plan.shared)
        address = (plan.words * self.buffers).bit_length() + plan.bank_bits
        values = sum(symbol_width(symbol) for symbol in self.symbols)
        queue = credit_memory(word, KERNELS[self.kind].pipeline)
        bank = base.Memory(width=plan.lanes * self.source.fmt.width // plan.banks, depth=self.depth)
        tables = self.pages.memories if self.kind is BufferKind.MAPPED and self.pages else ()
        # modular adders of the units, strides of two blocks, comparison of the two walks
        units = self.place.units if self.place and self.kind is BufferKind.IN_PLACE else 0
        turning = (
            40 + 4 * address * units if self.kind in (BufferKind.IN_PLACE, BufferKind.MAPPED) else 0
        )
        return Resources(
            luts=26
            + axes * (2 * address + 7)
            + word // 2 * (plan.banks > 1)
            + 4 * values
            + turning,
            ffs=20
            + axes * 5 * address // 4
            + plan.lanes * self.source.fmt.width
            + 4 * values
            + 2 * units * address,
            memories=(bank,) * plan.banks + tables + ((queue,) if queue else ()),
        )

    def create(self) -> "ConverterKernel":
        return KERNELS[self.kind](self)

    @cached_property
    def writer(self) -> tuple[Axis, ...]:
        """The whole walk of the writer."""
        return self._walk(self.plan.write)

    @cached_property
    def reader(self) -> tuple[Axis, ...]:
        """The whole walk of the reader."""
        return self._walk(self.plan.read)

    def values(self, symbol: Symbol, symbol_values: SymbolValues) -> list[int]:
        """The trip counts of a ragged symbol in the order in which they arrive."""
        nest = self._values_type(symbol)
        value = symbol_values.get(symbol.name, symbol.bound * symbol.per)
        tensor = np.full(nest.tensor_shape(), symbol.bound)
        rows = [value] * len(tensor) if isinstance(value, int | np.integer) else list(value)
        for index, row in enumerate(rows):
            tensor[index] = symbol.trips(row)
        return nest.pack(tensor, symbol_values)[:, 0].tolist()

    def _walk(self, axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """Shared loops only matter if a value arrives that counts them, or once for all of them."""
        shared = tuple(Axis(trip=loop.trip, increment=0) for loop in self.plan.shared)
        per_entry = [a for a in axes if isinstance(a.trip, Symbol) and a.trip.ragged]
        counted = [a for a in (*shared, *axes) if a not in per_entry]
        return (*shared, *axes) if any(isinstance(a.trip, Symbol) for a in counted) else axes

    @staticmethod
    def _outside(symbol: Symbol, loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
        """The loops around the one that a symbol bounds."""
        trips = [loop.trip for loop in loops]
        return loops[: trips.index(symbol)] if symbol in trips else ()

    @staticmethod
    def _symbols_of(nest: ITensor) -> tuple[Symbol, ...]:
        return tuple(loop.trip for loop in nest.loops if isinstance(loop.trip, Symbol))

    def _values_type(self, symbol: Symbol) -> ITensor:
        """Values come once an activation, or one for each entry of the loop that they bound."""
        if not symbol.ragged:
            return raw(symbol_width(symbol))
        nest = self.target if symbol in self._symbols_of(self.target) else self.source
        outside = self._outside(symbol, nest.loops)
        if not outside:
            raise ValueError(f"Converter symbol {symbol} must not bound the outermost loop")
        walked = self._outside(symbol, nest.normal().loops) or outside
        if prod(loop.bound for loop in outside) != prod(loop.bound for loop in walked):
            outside = walked  # the walk has re-reads on the other side of the symbol's loop
        place = len(outside)
        loops = tuple(Loop(loop.trip, 1, d) for d, loop in enumerate(outside))
        return ITensor(Fixed(symbol_width(symbol), signed=False), (1,) * place, loops)
