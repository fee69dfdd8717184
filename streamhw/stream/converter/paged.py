# SPDX-License-Identifier: Apache-2.0
"""Hardware of a mapped conversion: pages from a list of free ones, and a table that finds them."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out

from ..address_generator import AddressGenerator
from ..axis import Axis
from ..queue import Queue
from .buffered import PIPELINE, Access, ConverterKernel
from .geometry import ConverterGeometry
from .in_place_plan import PlaceAxis
from .in_place_walk import position_of, position_width
from .page_plan import PagePlan

__all__ = ["ConverterMapKernel"]


class _MapWalk(AddressGenerator):
    """A walk that shows which page of the block the access is in, and where in the page.

    Members     position: Out, as in the walks in place;  entry: Out, the page's number
                begins: Out(1), the access is the first of its page
                ends: Out(1), it is the last of its page, also for the last time
    """

    def __init__(
        self,
        *,
        pages: PagePlan,
        shared: Sequence[Axis],
        axes: Sequence[PlaceAxis],
        bits: int,
    ):
        self._pages = pages
        self._inner = tuple(axes)
        super().__init__(
            axes=(*shared, *axes),
            blocks_below=len(shared),
            pitch=pages.pitch << bits,
            members={
                "position": Out(position_width(pages.loops)),
                "entry": Out(range(max(2, pages.entries))),
                "begins": Out(1, init=1),
                "ends": Out(1),
            },
        )

    def _address(self, m: Module, counts: list[Signal], done: list[Signal]) -> None:
        below, units = self._blocks_below, self._pages.loops.write[: self._pages.loops.apart]
        m.d.comb += self.position.eq(position_of(self._pages.loops, self._inner, counts[below:]))
        offsets: dict[int, int] = {}
        strides: dict[int, int] = {}
        for k, axis in enumerate(self._inner, below):
            if axis.digit is not None and axis.digit < len(units):
                inside = units[axis.digit + 1 :]
                stride = 1
                for inner in inside:
                    stride *= inner.trip if isinstance(inner.trip, int) else inner.trip.bound
                strides[k] = stride
            elif axis.increment and axis.trip != 1:
                offsets[k] = axis.increment
        for port, moving in ((self.address, offsets), (self.entry, strides)):

            def advanced(k: int, start: Value, by: dict[int, int] = moving) -> Value:
                return start + by[k]

            place = self._accumulate(
                m, counts, done, moving, advanced, Const(0), Const(0), Signal.like(port)
            )
            m.d.comb += port.eq(place)
        with m.If(self.step):
            m.d.sync += self.begins.eq(done[below + len(units)])
        rest = [
            counts[k] != 0
            for k, axis in enumerate(self._inner, below)
            if axis.digit is None or axis.digit >= len(units)
        ]
        m.d.comb += self.ends.eq(~Cat(rest).any())


class ConverterMapKernel(ConverterKernel):
    """The writer takes a free page where it begins one, and notes it in a table of two blocks; the
    reader finds it there, and gives it back with its last read."""

    pipeline = PIPELINE + 1

    def __init__(self, spec: ConverterGeometry):
        super().__init__(spec)
        assert spec.pages is not None
        self._pages: PagePlan = spec.pages

    def _walks(self) -> tuple[AddressGenerator, AddressGenerator]:
        spec, plan, loops = self._spec, self._spec.plan, self._pages.loops
        sides = (
            (spec.writer, len(plan.write), loops.write, spec.source),
            (spec.reader, len(plan.read), loops.read, spec.target),
        )
        write, read = (
            _MapWalk(
                pages=self._pages,
                shared=walk[: len(walk) - inner],
                axes=axes,
                bits=0 if side.lanes == plan.lanes else plan.bank_bits,
            )
            for walk, inner, axes, side in sides
        )
        return write, read

    def _control(
        self, m: Module, write: AddressGenerator, read: AddressGenerator
    ) -> tuple[Value, Value]:
        assert isinstance(write, _MapWalk) and isinstance(read, _MapWalk)
        pages = self._pages
        m.submodules.free = self._free = free = Queue(shape=pages.address_bits, depth=pages.pages)
        # blocks by which the writer is ahead: the table has two
        self._lead = lead = Signal(range(3))
        m.d.sync += lead.eq(lead + (write.step & write.block_end) - (read.step & read.block_end))
        # pages that were never used come first, in their order
        fresh = Signal(range(pages.pages * pages.scale + 1))
        unused = Signal(init=1)
        take = Signal()
        m.d.comb += [
            take.eq(write.step & write.begins),
            free.o.ready.eq(take & ~unused),
        ]
        with m.If(take & unused):
            m.d.sync += fresh.eq(fresh + pages.scale)
            m.d.sync += unused.eq(fresh != (pages.pages - 1) * pages.scale)
        self._page = page = Signal(pages.address_bits)
        current = Signal.like(page)
        m.d.comb += page.eq(Mux(write.begins, Mux(unused, fresh, free.o.payload), current))
        m.d.sync += current.eq(page)
        may_write = write.valid & (lead != 2) & (~write.begins | unused | free.o.valid)
        written = (lead != 0) | (write.valid & (read.position > write.position))
        return may_write, read.valid & written

    def _accesses(
        self, m: Module, write: AddressGenerator, read: AddressGenerator
    ) -> tuple[Access, Access]:
        assert isinstance(write, _MapWalk) and isinstance(read, _MapWalk)
        pages, plan = self._pages, self._spec.plan
        m.submodules.table = table = Memory(
            shape=pages.address_bits, depth=2 * pages.entries, init=[]
        )
        note, find = table.write_port(), table.read_port()
        writing, reading = Signal(), Signal()
        for block, walk in ((writing, write), (reading, read)):
            with m.If(walk.step & walk.block_end):
                m.d.sync += block.eq(~block)

        def entry(block: Value, walk: _MapWalk) -> Value:
            return walk.entry + Mux(block, pages.entries, 0)

        step, last = Signal(), Signal()
        offset = Signal.like(read.address)
        m.d.comb += [
            note.addr.eq(entry(writing, write)),
            note.data.eq(self._page),
            note.en.eq(write.step & write.begins),
            find.addr.eq(entry(reading, read)),
            find.en.eq(read.step),
            self._free.i.payload.eq(find.data),
            self._free.i.valid.eq(step & last),
        ]
        m.d.sync += [step.eq(read.step), last.eq(read.ends), offset.eq(read.address)]

        def bits(lanes: int) -> int:
            return 0 if lanes == plan.lanes else plan.bank_bits

        put = self._place(self._page, write.address, bits(self._spec.source.lanes))
        get = self._place(find.data, offset, bits(self._spec.target.lanes))
        return Access(put, write.step), Access(get, step)

    def _place(self, page: Value, offset: Value, bits: int) -> Value:
        """An address in memory, of a word or of a part of it."""
        if self._pages.scale == 1:
            size = (self._pages.pitch << bits).bit_length() - 1
            return Cat((offset | Const(0, size))[:size], page)
        return (page << bits) + offset
