# SPDX-License-Identifier: Apache-2.0
"""Hardware of spilled streams: gathers writes of one memory beat, reads back in passes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.utils import ceil_log2

from ...stream.axi.signature import ADDRESS_WIDTH, command, write_data
from ...stream.itensor.itensor import Symbol
from ...stream.itensor.memory_order import Spill
from ...stream.queue import Queue
from ...stream.spec import KernelSpec
from ...stream.unpacker import Unpacker

__all__ = ["OUTSTANDING", "QUEUE", "SpillReadKernel", "SpillWriteKernel"]

QUEUE = 2
"""Commands and memory beats that wait for their DMA."""
OUTSTANDING = 63
"""Writes that memory has not confirmed."""


class SpillWriteKernel(wiring.Component):
    """Hardware of ``SpillWrite``."""

    def __init__(self, spec: KernelSpec, layout: Spill, offset: int) -> None:
        self._layout = layout
        self._offset = offset
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, beat_bytes = self._layout, self._layout.width // 8
        m.submodules.commands = commands = Queue(shape=command(), depth=QUEUE)
        m.submodules.writes = writes = Queue(shape=write_data(layout.width), depth=QUEUE)
        wiring.connect(m, commands.o, wiring.flipped(self.o_command))
        wiring.connect(m, writes.o, wiring.flipped(self.o_data))

        # Busy until memory has all of it, and occupied until the reader has had all of it.
        busy, occupied = Signal(), Signal()
        running, accept, ending = (Signal(name=n) for n in ("running", "accept", "ending"))
        tokens, started = _start(m, self, layout, ~busy & ~occupied)
        with m.If(started):
            m.d.sync += [busy.eq(1), occupied.eq(1)]
        m.d.comb += self.i_free.ready.eq(occupied & ~busy)
        with m.If(self.i_free.valid & self.i_free.ready):
            m.d.sync += occupied.eq(0)

        address = self._walk(m, tokens, accept, ending)
        m.d.sync += running.eq((running & ~ending) | started)

        pending, pending_last = Signal(), Signal()
        pending_at = Signal.like(address)
        pending_data = Signal(layout.write_bits)
        held, held_last = Signal(), Signal()
        held_beat = Signal(max(1, len(address) - ceil_log2(beat_bytes)))
        held_data, held_strobe = Signal(layout.width), Signal(beat_bytes)
        beat, same, flush, take = Signal.like(held_beat), Signal(), Signal(), Signal()
        outstanding = Signal(range(OUTSTANDING + 1))
        room = outstanding != OUTSTANDING
        m.d.comb += [
            beat.eq(pending_at >> ceil_log2(beat_bytes)),
            same.eq((beat == held_beat) & ~held_last),
            flush.eq(
                held & (held_last | (pending & ~same)) & commands.i.ready & writes.i.ready & room
            ),
            take.eq(pending & (~held | same | flush)),
            self.i.ready.eq(running & (~pending | take)),
            accept.eq(self.i.valid & self.i.ready),
            commands.i.valid.eq(flush),
            commands.i.p.beats.eq(1),
            writes.i.valid.eq(flush),
            writes.i.p.data.eq(held_data),
            writes.i.p.strobe.eq(held_strobe),
        ]
        origin = Signal(ADDRESS_WIDTH)
        m.d.sync += origin.eq(self.cfg_base + self._offset)
        m.d.comb += commands.i.p.address.eq(origin + (held_beat << ceil_log2(beat_bytes)))
        with m.If(accept):
            m.d.sync += [
                pending.eq(1),
                pending_at.eq(address),
                pending_last.eq(ending),
                pending_data.eq(_padded(self.i.p.as_value(), layout, layout.source.lanes)),
            ]
        with m.Elif(take):
            m.d.sync += pending.eq(0)
        merge = Signal()
        m.d.comb += merge.eq(held & ~flush)
        size = layout.write_bits
        place = (pending_at >> ceil_log2(size // 8))[: ceil_log2(layout.width // size)]
        data, strobe = [], []
        for slot in range(layout.width // size):
            hit = place == slot if layout.width > size else Const(1)
            before = held_data[slot * size : (slot + 1) * size]
            data.append(Mux(hit, pending_data, Mux(merge, before, 0)))
            marked = held_strobe[slot * size // 8] & merge
            strobe.append((hit | marked).replicate(size // 8))
        with m.If(take):
            m.d.sync += [
                held.eq(1),
                held_beat.eq(beat),
                held_last.eq(pending_last),
                held_data.eq(Cat(*data)),
                held_strobe.eq(Cat(*strobe)),
            ]
        with m.Elif(flush):
            m.d.sync += held.eq(0)

        done, finished = Signal(), Signal()
        m.d.comb += [
            self.i_done.ready.eq(outstanding != 0),
            done.eq(self.i_done.valid & self.i_done.ready),
            self.o_written.valid.eq(finished & (outstanding == 0)),
        ]
        m.d.sync += outstanding.eq(outstanding + flush - done)
        with m.If(flush & held_last):
            m.d.sync += finished.eq(1)
        with m.If(self.o_written.valid & self.o_written.ready):
            m.d.sync += [finished.eq(0), busy.eq(0)]
        return m

    def _walk(self, m: Module, tokens: Signal, accept: Signal, ending: Signal) -> Signal:
        """The byte of the current beat; ``ending``: the beat that is accepted is the last."""
        layout = self._layout
        unit, bits = layout.unit_bits // 8, max(1, (layout.bytes - 1).bit_length())
        at = Signal(bits, name="at")
        move = Const(1)
        loops = []
        for n, stride in enumerate(layout.strides):
            dynamic = isinstance(stride.trip, Symbol)
            bound = stride.trip.bound if isinstance(stride.trip, Symbol) else stride.trip
            index = Signal(range(max(2, bound)), name=f"index_{n}")
            base = Signal(bits, name=f"base_{n}")
            step = Signal(bits, name=f"step_{n}", init=0 if stride.dynamic else stride.units * unit)
            if stride.dynamic:
                m.d.sync += step.eq(tokens * (stride.units * unit))
            at_end = Signal(name=f"at_end_{n}")
            m.d.comb += at_end.eq(index == (tokens - 1 if dynamic else bound - 1))
            loops.append((index, base, step, at_end))
        for n in reversed(range(len(loops))):
            index, base, step, at_end = loops[n]
            advance = Signal(name=f"advance_{n}")
            following = Signal(name=f"carry_{n}")
            m.d.comb += [advance.eq(accept & move & ~at_end), following.eq(move & at_end)]
            with m.If(advance):
                target = base + step
                m.d.sync += [index.eq(index + 1), at.eq(target)]
                m.d.sync += [loop[1].eq(target) for loop in loops[n:]]
                m.d.sync += [loop[0].eq(0) for loop in loops[n + 1 :]]
            move = following
        m.d.comb += ending.eq(accept & move)
        with m.If(ending):
            m.d.sync += at.eq(0)
            m.d.sync += [register.eq(0) for loop in loops for register in loop[:2]]
        return at


class SpillReadKernel(wiring.Component):
    """Hardware of ``SpillRead``."""

    def __init__(self, spec: KernelSpec, layout: Spill, offset: int) -> None:
        self._layout = layout
        self._offset = offset
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = self._layout
        bound = layout.symbol.bound if layout.symbol else 1
        most, most_beats = layout.stored.beats(), layout.beats(bound)
        m.submodules.commands = commands = Queue(shape=command(), depth=QUEUE)
        m.submodules.counts = counts = Queue(shape=range(most + 1), depth=QUEUE)
        m.submodules.unpack = unpack = Unpacker(
            width=layout.width, part=layout.read_bits, bound=most
        )
        wiring.connect(m, commands.o, wiring.flipped(self.o_command))
        wiring.connect(m, counts.o, unpack.i_count)

        waiting, reading, issue, taken = (
            Signal(name=n) for n in ("waiting", "reading", "issue", "taken")
        )
        tokens, started = _start(m, self, layout, ~waiting & ~reading & ~self.o_free.valid)
        parts = Signal(range(most + 1))
        beats = Signal(range(most_beats + 1))
        per_beat = layout.width // layout.read_bits
        left = Signal(range(layout.passes + 1))
        missing = Signal(range(layout.passes * most_beats + 1))
        m.d.comb += parts.eq(tokens * (most // bound))
        m.d.sync += beats.eq((parts + (per_beat - 1)) >> ceil_log2(per_beat))
        m.d.sync += waiting.eq((waiting & ~(self.i_written.valid & waiting)) | started)
        m.d.comb += self.i_written.ready.eq(waiting)
        with m.If(self.i_written.valid & waiting):
            m.d.sync += [reading.eq(1), left.eq(layout.passes), missing.eq(beats * layout.passes)]

        origin = Signal(ADDRESS_WIDTH)
        m.d.sync += origin.eq(self.cfg_base + self._offset)
        m.d.comb += [
            issue.eq((left != 0) & commands.i.ready & counts.i.ready),
            commands.i.valid.eq(issue),
            commands.i.p.address.eq(origin),
            commands.i.p.beats.eq(beats),
            counts.i.valid.eq(issue),
            counts.i.p.eq(parts),
        ]
        with m.If(issue):
            m.d.sync += left.eq(left - 1)
        m.d.comb += [
            unpack.i.p.eq(self.i_data.p[0]),
            unpack.i.valid.eq(self.i_data.valid & reading),
            self.i_data.ready.eq(unpack.i.ready & reading),
            taken.eq(unpack.i.valid & unpack.i.ready),
            self.o.p.as_value().eq(_elements(unpack.o.p, layout)),
            self.o.valid.eq(unpack.o.valid),
            unpack.o.ready.eq(self.o.ready),
        ]
        with m.If(taken):
            m.d.sync += missing.eq(missing - 1)
        # ``parts`` is needed until the last command, the region until the last beat.
        free = Signal()
        m.d.comb += self.o_free.valid.eq(free)
        with m.If(taken & (missing == 1)):
            m.d.sync += [reading.eq(0), free.eq(1)]
        with m.Elif(self.o_free.ready):
            m.d.sync += free.eq(0)
        return m


def _start(
    m: Module, component: wiring.Component, layout: Spill, may: Value
) -> tuple[Signal, Signal]:
    """Takes the number of tokens of the next invocation, if there is one to take.

    Returns it, and a signal that is high one cycle after it came, when what follows from it is in
    registers a cycle later.
    """
    bound = layout.symbol.bound if layout.symbol else 1
    tokens = Signal(range(bound + 1), init=1, name="tokens")
    began, started = Signal(name="began"), Signal(name="started")
    free = Signal(name="may_begin")
    m.d.comb += free.eq(may & ~began & ~started)
    m.d.sync += started.eq(began)
    if layout.symbol is None:
        m.d.sync += began.eq(free)
    else:
        port: stream.Interface = getattr(component, f"i_{layout.symbol.name}")
        m.d.comb += port.ready.eq(free)
        m.d.sync += began.eq(free & port.valid)
        with m.If(free & port.valid):
            m.d.sync += tokens.eq(port.p[0])
    return tokens, started


def _padded(payload: Value, layout: Spill, lanes: int) -> Value:
    """A beat's units, each at its place in memory."""
    bits = layout.lanes * layout.source.fmt.width
    gap = Const(0, layout.unit_bits - bits)
    units = [payload[n * bits : (n + 1) * bits] for n in range(lanes // layout.lanes)]
    return Cat(*(Cat(unit, gap) for unit in units))


def _elements(part: Value, layout: Spill) -> Value:
    """A beat without what pads its units."""
    bits, size = layout.lanes * layout.source.fmt.width, layout.unit_bits
    count = layout.read_bits // size
    return Cat(*(part[n * size : n * size + bits] for n in range(count)))
