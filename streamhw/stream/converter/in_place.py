# SPDX-License-Identifier: Apache-2.0
"""Hardware of a conversion in place: one block of memory, read and written all the time."""

from amaranth.hdl import Module, Signal, Value

from ..address_generator import AddressGenerator
from ..axis import Axis
from .buffered import ConverterKernel
from .geometry import ConverterGeometry
from .in_place_walk import PlaceReader, PlaceWriter

__all__ = ["ConverterPlaceKernel"]


class ConverterPlaceKernel(ConverterKernel):
    """A writer that follows the reader's last pass through the memory, and is followed by it.

    The writer counts the words that the last reads free, and takes one for each word that it
    begins. The reader compares where its next word stands in the order of the source with where
    the writer is: one comparison of the walks' counters.
    """

    def __init__(self, spec: ConverterGeometry):
        super().__init__(spec)

    def _walks(self) -> tuple[AddressGenerator, AddressGenerator]:
        spec, plan, place = self._spec, self._spec.plan, self._spec.place
        assert place is not None

        def shared(walk: tuple[Axis, ...], inner: int) -> tuple[Axis, ...]:
            return walk[: len(walk) - inner]

        def bits(lanes: int) -> int:
            return 0 if lanes == plan.lanes else plan.bank_bits

        return (
            PlaceWriter(
                place=place,
                shared=shared(spec.writer, len(plan.write)),
                words=plan.words,
                bits=bits(spec.source.lanes),
            ),
            PlaceReader(
                place=place,
                shared=shared(spec.reader, len(plan.read)),
                words=plan.words,
                bits=bits(spec.target.lanes),
            ),
        )

    def _control(
        self, m: Module, write: AddressGenerator, read: AddressGenerator
    ) -> tuple[Value, Value]:
        place, words = self._spec.place, self._spec.plan.words
        assert place is not None
        assert isinstance(write, PlaceWriter) and isinstance(read, PlaceReader)
        reading = Signal()
        with m.If(read.step & read.block_end):
            m.d.sync += reading.eq(~reading)
        m.d.comb += write.reading.eq(reading)
        m.d.comb += [read.plain.eq(write.plain), read.last.eq(write.last)]
        for n in range(place.units):
            for name in (f"stride_{n}", f"known_{n}"):
                m.d.comb += getattr(read, name).eq(getattr(write, name))

        # places that the last reads of a block have freed and the next block has not taken
        free = Signal(range(words + 1), init=0 if place.symbols else words)
        taken, freed = Signal(), Signal()
        m.d.comb += [
            taken.eq(write.step & write.first_part & ~write.free_run),
            freed.eq(read.step & read.last_part),
        ]
        m.d.sync += free.eq(free + freed - taken)
        with m.If(write.restart):
            m.d.sync += free.eq(0)
        may_write = write.valid & ~write.changes
        may_write &= ~write.first_part | write.free_run | (free != 0)
        written = ~write.same | (write.valid & (read.position > write.position))
        return may_write, read.valid & written & read.may_advance
