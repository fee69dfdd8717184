# SPDX-License-Identifier: Apache-2.0
"""Hardware of the layout converter: two address walks around a synchronous RAM."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

from ..address_generator import AddressGenerator, symbol_width
from ..axis import Axis
from ..credit import Credit
from ..queue import Queue
from .geometry import ConverterGeometry

__all__ = ["PIPELINE", "READER_VALUES", "Access", "ConverterKernel"]

PIPELINE = 2
"""Cycles from a read address to the word: the memory's own register and one behind it."""

READER_VALUES = 4
"""Values of a symbol that wait for the reader while the writer is up to two blocks ahead."""


@dataclass(frozen=True)
class Access:
    """One side of the memory: an address, and whether it is used in this cycle."""

    address: Value
    step: Value


class ConverterKernel(wiring.Component):
    """Hardware of ``ConverterSpec``: two address walks around a synchronous RAM.

    pipeline: cycles from a step of the reader's walk to the word
    """

    pipeline = PIPELINE

    def __init__(self, spec: ConverterGeometry):
        self._spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, plan = self._spec, self._spec.plan
        from_wide = spec.source.lanes == plan.lanes
        to_wide = spec.target.lanes == plan.lanes
        write, read = self._walks()
        m.submodules.write, m.submodules.read = write, read
        self._values(m, write, read)
        may_write, may_read = self._control(m, write, read)
        m.d.comb += self.i.ready.eq(may_write)
        m.d.comb += write.step.eq(self.i.valid & may_write)

        m.submodules.credit = credit = Credit(shape=spec.target.beat_bits, latency=self.pipeline)
        m.d.comb += read.step.eq(credit.may_enter & may_read)
        m.d.comb += credit.enter.eq(read.step)
        entered = Signal(self.pipeline)
        m.d.sync += entered.eq(Cat(read.step, entered))
        put, get = self._accesses(m, write, read)
        word = self._memory(m, put, get, from_wide=from_wide, to_wide=to_wide)
        m.d.comb += [
            credit.i_payload.eq(word),
            credit.i_valid.eq(entered[-1]),
            Value.cast(self.o.payload).eq(credit.o.payload),
            self.o.valid.eq(credit.o.valid),
            credit.o.ready.eq(self.o.ready),
        ]
        return m

    def _accesses(
        self, m: Module, write: AddressGenerator, read: AddressGenerator
    ) -> tuple["Access", "Access"]:
        """Where and when the memory is written and read."""
        return Access(write.address, write.step), Access(read.address, read.step)

    def _walks(self) -> tuple[AddressGenerator, AddressGenerator]:
        """The writer's and the reader's walk."""
        spec, plan = self._spec, self._spec.plan
        from_wide, to_wide = spec.source.lanes == plan.lanes, spec.target.lanes == plan.lanes
        return (
            self._walk(spec.writer, len(plan.write), wide=from_wide),
            self._walk(spec.reader, len(plan.read), wide=to_wide),
        )

    def _control(
        self, m: Module, write: AddressGenerator, read: AddressGenerator
    ) -> tuple[Value, Value]:
        """Whether the next beat may be written, and whether the next one may be read."""
        # blocks that are written and not yet read for the last time
        full = Signal(range(self._spec.buffers + 1))
        written = Signal()
        drained = Signal()
        m.d.comb += [
            written.eq(write.step & write.block_end),
            drained.eq(read.step & read.block_end),
        ]
        m.d.sync += full.eq(full + written - drained)
        available = self._available(m, full, write, read)
        return write.valid & (full != self._spec.buffers), read.valid & available

    def _walk(self, axes: tuple[Axis, ...], inner: int, *, wide: bool) -> AddressGenerator:
        plan = self._spec.plan
        below = len(axes) - inner
        passes = 0
        while passes < inner and axes[below + passes].increment == 0:
            passes += 1
        return AddressGenerator(
            axes=axes,
            blocks_below=below,
            slots=self._spec.buffers,
            pitch=plan.words << (0 if wide else plan.bank_bits),
            passes=passes,
        )

    def _values(self, m: Module, write: AddressGenerator, read: AddressGenerator) -> None:
        """Each walk takes the values of its symbols from a queue of its own."""
        for symbol in self._spec.symbols:
            arrives = getattr(self, symbol.port)
            queues = []
            for walk, depth in ((write, 2), (read, READER_VALUES)):
                if symbol.name in walk.symbols:
                    queue = Queue(shape=symbol_width(symbol), depth=depth)
                    m.submodules += queue
                    wiring.connect(m, queue.o, getattr(walk, f"i_{symbol.name}"))
                    queues.append(queue)
            m.d.comb += arrives.ready.eq(Cat(queue.i.ready for queue in queues).all())
            for queue in queues:
                m.d.comb += queue.i.payload.eq(Value.cast(arrives.payload))
                m.d.comb += queue.i.valid.eq(arrives.valid & arrives.ready)

    def _available(
        self, m: Module, full: Signal, write: AddressGenerator, read: AddressGenerator
    ) -> Value:
        """Whether the word that the reader wants is written."""
        spec, plan = self._spec, self._spec.plan
        if not plan.follow:
            return full != 0
        # reads of a first pass that are possible: the reader follows the writer beat by beat
        ahead = Signal(range(plan.words * plan.banks * spec.buffers + 1))
        more = Signal.like(ahead)
        less = Signal()
        m.d.comb += less.eq(read.step & read.first_pass)
        if spec.target.lanes > spec.source.lanes:
            bank = write.address[: plan.bank_bits]
            m.d.comb += more.eq(write.step & (bank == plan.banks - 1))
        elif spec.target.lanes < spec.source.lanes:
            m.d.comb += more.eq(Mux(write.step, plan.banks, 0))
        else:
            m.d.comb += more.eq(write.step)
        m.d.sync += ahead.eq(ahead + more - less)
        return (ahead != 0) | ~read.first_pass

    def _memory(
        self, m: Module, write: "Access", read: "Access", *, from_wide: bool, to_wide: bool
    ) -> Value:
        """The word, or the part of it, that was addressed two cycles ago."""
        spec, plan = self._spec, self._spec.plan
        bits = plan.bank_bits
        width = plan.lanes * spec.source.fmt.width // plan.banks
        words = []
        for bank in range(plan.banks):
            m.submodules[f"bank_{bank}"] = ram = Memory(shape=width, depth=spec.depth, init=[])
            put, get = ram.write_port(), ram.read_port()
            payload = Value.cast(self.i.payload)
            if from_wide:
                m.d.comb += [
                    put.addr.eq(write.address),
                    put.data.eq(Cat(self._parts(payload, bank))),
                    put.en.eq(write.step),
                ]
            else:
                m.d.comb += [
                    put.addr.eq(write.address >> bits),
                    put.data.eq(payload),
                    put.en.eq(write.step & (write.address[:bits] == bank)),
                ]
            m.d.comb += [
                get.addr.eq(read.address if to_wide else read.address >> bits),
                get.en.eq(read.step),
            ]
            word = Signal(width, name=f"word_{bank}", reset_less=True)
            m.d.sync += word.eq(get.data)
            words.append(word)
        if to_wide:
            wide = Signal(spec.target.beat_bits)
            for bank, word in enumerate(words):
                parts = self._parts(wide, bank)
                size = width // len(parts)
                m.d.comb += [part.eq(word.word_select(n, size)) for n, part in enumerate(parts)]
            return wide
        chosen = Signal(bits, reset_less=True)
        delayed = Signal(bits, reset_less=True)
        m.d.sync += [chosen.eq(read.address[:bits]), delayed.eq(chosen)]
        narrow = Signal(width)
        with m.Switch(delayed):
            for bank, word in enumerate(words):
                with m.Case(bank):
                    m.d.comb += narrow.eq(word)
        return narrow

    def _parts(self, wide: Value, bank: int) -> list[Value]:
        """Where a bank's tile lies in a word: a piece of each row of the word's tile."""
        plan, last = self._spec.plan, max(self._spec.source.tile[-1], self._spec.target.tile[-1])
        row = last * self._spec.source.fmt.width
        piece = row // plan.banks
        return [
            wide[r * row + bank * piece : r * row + (bank + 1) * piece]
            for r in range(plan.lanes // last)
        ]
