# SPDX-License-Identifier: Apache-2.0
"""Layout converter: takes a tensor in one order and sends it in another, again and again."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from .. import spec as base
from ..address_generator import symbol_width
from ..behaviour import Behaviour
from ..credit import credit_beats, credit_latency, credit_memory
from ..itensor.itensor import Symbol, SymbolValues
from ..spec import KernelSpec, Resources, Tensors, Timing
from .buffered import ConverterKernel
from .buffered_timing import Schedule
from .geometry import BufferKind, ConverterGeometry
from .in_place import ConverterPlaceKernel
from .in_place_timing import PlaceSchedule
from .paged import ConverterMapKernel
from .paged_timing import MapSchedule
from .peak_live import PeakLive, peak_live

__all__ = ["ConverterSpec"]

KERNELS = {
    BufferKind.SINGLE: ConverterKernel,
    BufferKind.PING_PONG: ConverterKernel,
    BufferKind.IN_PLACE: ConverterPlaceKernel,
    BufferKind.MAPPED: ConverterMapKernel,
}
SCHEDULES = {BufferKind.IN_PLACE: PlaceSchedule, BufferKind.MAPPED: MapSchedule}


@dataclass(frozen=True, kw_only=True)
class ConverterSpec(ConverterGeometry, KernelSpec):
    """Changes the order, repetition and lanes of a stream, not its elements.

    A writer fills a buffer in the order of ``source``, a reader empties it in the order of
    ``target``. The loops that both types begin with are shared: the buffer holds one block of
    what is below them. In place, the reader follows the writer, and the writer of the next block
    the reader, word by word. Else the reader waits for the block, unless the target reads its
    first pass in the order of the source (a pure replay).

    Shapes      i: ``source``; o: ``target``, over one data space; i_<symbol>: one value an
                invocation, or, of a ragged symbol, one for each entry of the loop that it bounds
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
        """Bits of the peak live elements."""
        return self.live.elements * self.source.fmt.width

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        return {"o": np.asarray(inputs["i"], dtype=np.int64)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        steady = SCHEDULES.get(self.kind, Schedule)(self, symbol_values, invocations=5)
        alone = self.alone(symbol_values)
        return replace(alone, interval=steady.reads[-1] - steady.reads[-2])

    def alone(self, symbol_values: SymbolValues) -> Timing:
        """Timing of one invocation by itself, in a fraction of the time: the interval is what its
        input takes."""
        single = SCHEDULES.get(self.kind, Schedule)(self, symbol_values, invocations=1)
        behind = credit_latency(KERNELS[self.kind].pipeline)
        return Timing(
            latency=single.reads[0] + behind,
            interval=self.source.beats(symbol_values),
            drain=single.last_read + behind - single.last_accepted,
        )

    def ahead(self, alone: Timing) -> int:
        """Beats behind the first that must have come before the first is given, from the timing of
        an invocation by itself."""
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

    def behaviour(self) -> Behaviour:
        return Behaviour(
            alone=self.alone,
            ahead=lambda _, alone: self.ahead(alone),
            exclusive=self.kind is BufferKind.SINGLE,
        )

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

    def create(self) -> ConverterKernel:
        return KERNELS[self.kind](self)
