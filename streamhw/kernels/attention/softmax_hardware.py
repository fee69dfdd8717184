# SPDX-License-Identifier: Apache-2.0
"""Hardware of softmax: rows of several heads in lockstep, two passes over a ring of elements."""

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory as LibMemory
from amaranth.lib.memory import WritePort
from amaranth.utils import bits_for

from ...stream.credit import Credit
from ...stream.queue import Queue
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from ...stream.table_lookup import TableLookup
from .parallel_heads import last_round
from .softmax_geometry import LOG2E, RESULT, ROWS, SCALE, SoftmaxGeometry, more_stages
from .softmax_mask import after_hidden, before_end
from .softmax_total import add_positions

__all__ = ["SoftmaxKernel"]


class SoftmaxKernel(wiring.Component):
    """Hardware of ``SoftmaxSpec``: one control for all parallel heads, a data path for each."""

    def __init__(self, *, spec: SoftmaxGeometry) -> None:
        self.spec = spec
        super().__init__(spec.members())
        self._power = spec.power_shape
        self._exponent = Shape(spec.power_shape.width + 1, signed=True)
        heads = spec.parallel_heads
        self._more = more_stages(spec.positions)
        word = data.StructLayout({"mantissa": spec.frac + 1, "whole": spec.power_shape})
        record = data.StructLayout({"inverse": spec.frac + 2, "exponent": self._exponent})
        self._words = data.ArrayLayout(word, heads * spec.positions)
        self._records = data.ArrayLayout(record, heads)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        length_shape = spec.port("i_length").type.fmt.shape
        m.submodules.ring = ring = LibMemory(shape=self._words, depth=spec.ring_depth, init=[])
        m.submodules.waiting = waiting = Queue(shape=length_shape, depth=2)
        m.submodules.lengths = lengths = Queue(shape=length_shape, depth=ROWS)
        m.submodules.records = records = Queue(shape=self._records, depth=ROWS)

        rounds: Value = waiting.o.p  # beats of the row
        if spec.positions > 1:
            rounds = last_round(waiting.o.p, spec.positions) + 1
        known: Value = waiting.o.valid  # what the row must have
        if spec.hidden:
            m.submodules.hiding = hiding = Queue(shape=range(spec.hidden + 1), depth=2)
            known = waiting.o.valid & hiding.o.valid
        # input side: an element needs a slot of the ring, its row a slot among the rows
        at = Signal(length_shape)
        room = Signal(range(spec.ring_depth + 1), init=spec.ring_depth)
        has_room = Signal(init=1)
        rows = Signal(range(ROWS + 1), init=ROWS)
        has_row = Signal(init=1)
        fire, first, last, issue, finish = (
            Signal(name=n) for n in ("fire", "first", "last", "issue", "finish")
        )
        m.d.comb += [
            waiting.i.p.eq(self.i_length.p[0]),
            waiting.i.valid.eq(self.i_length.valid),
            self.i_length.ready.eq(waiting.i.ready),
            self.i.ready.eq(known & has_room & has_row),
            fire.eq(self.i.valid & self.i.ready),
            first.eq(at == 0),
            last.eq(fire & (at == last_round(waiting.o.p, spec.positions))),
            waiting.o.ready.eq(last),
            lengths.i.p.eq(rounds),
            lengths.i.valid.eq(last),
        ]
        shown: Value | None = None  # elements of the beat that are not hidden
        if spec.hidden:
            m.d.comb += [
                hiding.i.p.eq(self.i_hidden.p[0]),
                hiding.i.valid.eq(self.i_hidden.valid),
                self.i_hidden.ready.eq(hiding.i.ready),
                hiding.o.ready.eq(last),
            ]
            shown = after_hidden(at, hiding.o.p, spec.positions)
        with m.If(fire):
            m.d.sync += at.eq(Mux(last, 0, at + 1))
        with m.If(fire & ~issue):
            m.d.sync += [room.eq(room - 1), has_room.eq(room != 1)]
        with m.Elif(issue & ~fire):
            m.d.sync += [room.eq(room + 1), has_room.eq(1)]
        with m.If(last & ~finish):
            m.d.sync += [rows.eq(rows - 1), has_row.eq(rows != 1)]
        with m.Elif(finish & ~last):
            m.d.sync += [rows.eq(rows + 1), has_row.eq(1)]

        record = spec.record
        used, starts, ends = (Signal(record, name=n) for n in ("used", "starts", "ends"))
        m.d.sync += [
            Cat(used).eq(Cat(fire, used)),
            Cat(starts).eq(Cat(first, starts)),
            Cat(ends).eq(Cat(last, ends)),
        ]
        write = ring.write_port()
        m.d.comb += write.en.eq(used[SCALE - 1])
        with m.If(write.en):
            m.d.sync += write.addr.eq(write.addr + 1)
        m.submodules.powers = powers = TableLookup(
            table=spec.power_table, lanes=spec.parallel_heads * spec.positions
        )
        m.submodules.inverse = inverse = TableLookup(
            table=spec.reciprocal_table, lanes=spec.parallel_heads
        )
        if spec.positions > 1:
            inside = before_end(waiting.o.p, last, spec.positions)
            if shown is not None:
                inside &= shown
            self._add_several(m, write, inside, powers, starts, used, inverse, records)
        else:
            inside = None if shown is None else self._beside_mantissa(m, shown)
            for head in range(spec.parallel_heads):
                whole = self._power_of(m, head, powers)
                self._write(m, write.data[head], powers.value[head], whole, inside)
                largest, total = self._sum(m, head, write, starts, used)
                self._invert(m, head, largest, total, inverse, records)
        m.d.comb += records.i.valid.eq(ends[-1])
        self._second_pass(m, ring, records, lengths, issue, finish)
        return m

    def _power_of(self, m: Module, head: int, powers: TableLookup) -> Signal:
        """Looks up the mantissa of 2^(x log2 e) and gives the whole part of the power beside it."""
        spec = self.spec
        source = Signal(spec.source.shape, name=f"source_{head}", reset_less=True)
        scaled = Signal(
            Shape(spec.source.width + 26, signed=True), name=f"scaled_{head}", reset_less=True
        )
        power = Signal(
            Shape(self._power.width + spec.frac, signed=True), name=f"power_{head}", reset_less=True
        )
        whole = [
            Signal(self._power, name=f"whole_{head}_{i}", reset_less=True)
            for i in range(powers.latency + 1)
        ]
        m.d.sync += [
            source.eq(self.i.p[head]),
            scaled.eq(source * LOG2E),
            power.eq(rounded(scaled, spec.source.frac + 24 - spec.frac)),
            *(b.eq(a) for a, b in pairwise(whole)),
        ]
        m.d.comb += [
            whole[0].eq(power[spec.frac :]),
            powers.code[head].eq(power[: spec.frac]),
        ]
        return whole[-1]

    def _beside_mantissa(self, m: Module, inside: Value) -> Signal:
        """What is known of the elements of a beat as it comes, when their mantissas are there."""
        stages = [
            Signal(self.spec.positions, name=f"inside_{i}", reset_less=True)
            for i in range(SCALE + 1)
        ]
        m.d.comb += stages[0].eq(inside)
        m.d.sync += [b.eq(a) for a, b in pairwise(stages)]
        return stages[-1]

    def _write(
        self, m: Module, word: data.View, mantissa: Value, whole: Value, counts: Value | None
    ) -> None:
        """An element for the ring; one that does not count is nothing, with the least power."""
        if counts is not None:
            least = Const(-1 << self._power.width - 1, self._power)
            mantissa, whole = Mux(counts, mantissa, 0), Mux(counts, whole, least)
        m.d.comb += [word.mantissa.eq(mantissa), word.whole.eq(whole)]

    def _add_several(
        self,
        m: Module,
        write: WritePort,
        is_inside: Value,
        powers: TableLookup,
        starts: Signal,
        used: Signal,
        inverse: TableLookup,
        records: Queue,
    ) -> None:
        """Elements of each head beside each other; those of a beat that are not inside its row are
        0: in the ring, that is their result, and in the sum, with the least power."""
        spec = self.spec
        inside = self._beside_mantissa(m, is_inside)
        for head in range(spec.parallel_heads):
            places = range(head * spec.positions, (head + 1) * spec.positions)
            words = [write.data[at] for at in places]
            for at, word, counts in zip(places, words, inside, strict=True):
                whole = self._power_of(m, at, powers)
                self._write(m, word, powers.value[at], whole, counts)
            largest, total = add_positions(
                m,
                spec,
                head,
                [word.mantissa for word in words],
                [word.whole for word in words],
                starts[SCALE - 1 :],
                used[SCALE - 1 :],
            )
            self._invert(m, head, largest, total, inverse, records)

    def _sum(
        self, m: Module, head: int, write: WritePort, starts: Signal, used: Signal
    ) -> tuple[Signal, Signal]:
        """The largest power so far, whose distance to this one shifts either the element or the
        sum; and the sum relative to it."""
        spec = self.spec
        mantissa, whole = write.data[head].mantissa, write.data[head].whole
        largest = Signal(self._power, name=f"largest_{head}", reset_less=True)
        grows = Signal(name=f"grows_{head}")
        cap = (1 << bits_for(spec.sum_width)) - 1
        apart = Signal(self._exponent, name=f"apart_{head}")
        distance = Signal(self._power.width, name=f"distance_{head}")
        capped = Signal(range(cap + 1), name=f"capped_{head}")
        m.d.comb += [
            apart.eq(whole - largest),
            grows.eq(starts[SCALE - 1] | (apart > 0)),
            distance.eq(Mux(apart < 0, -apart, apart)),
            capped.eq(Mux(distance > cap, cap, distance)),
        ]
        with m.If(used[SCALE - 1] & grows):
            m.d.sync += largest.eq(whole)
        shift_sum, shift_term, shift_later = (
            Signal.like(capped, name=f"{n}_{head}", reset_less=True)
            for n in ("shift_sum", "shift_term", "shift_later")
        )
        term_wide, term = (
            Signal(spec.sum_frac + 1, name=f"{n}_{head}", reset_less=True)
            for n in ("term_wide", "term")
        )
        total = Signal(spec.sum_width, name=f"total_{head}", reset_less=True)
        kept = Signal(spec.sum_width, name=f"kept_{head}")
        m.d.sync += [
            shift_sum.eq(Mux(grows, capped, 0)),
            shift_term.eq(Mux(grows, 0, capped)),
            term_wide.eq(mantissa << (spec.sum_frac - spec.frac)),
            term.eq(term_wide >> shift_term),
            shift_later.eq(shift_sum),
        ]
        m.d.comb += kept.eq(Mux(starts[SCALE + 1], 0, total >> shift_later))
        with m.If(used[SCALE + 1]):
            m.d.sync += total.eq(kept + term)
        return largest, total

    def _invert(
        self,
        m: Module,
        head: int,
        largest: Signal,
        total: Signal,
        inverse: TableLookup,
        records: Queue,
    ) -> None:
        """The reciprocal of the sum: it is at least 1, its highest one is above the fraction."""
        spec = self.spec
        above = total[spec.sum_frac :]
        exponent = Signal(
            range(spec.sum_width - spec.sum_frac), name=f"exponent_{head}", reset_less=True
        )
        held = Signal(spec.sum_width, name=f"held_{head}", reset_less=True)
        normal = Signal(spec.sum_width, name=f"normal_{head}")
        code = Signal(spec.frac, name=f"code_{head}", reset_less=True)
        for k in range(len(above)):
            with m.If(above[k]):
                m.d.sync += exponent.eq(k)
        m.d.comb += normal.eq(held >> exponent)
        m.d.sync += [held.eq(total), code.eq(normal[spec.sum_frac - spec.frac : spec.sum_frac])]
        m.d.comb += inverse.code[head].eq(code)
        # from the update of the largest power (visible at SCALE + 1) on, beside the sum; with
        # several elements a cycle one later
        registers = 3 if spec.positions == 1 else 2 + self._more
        peaks = [
            Signal(self._power, name=f"peak_{head}_{i}", reset_less=True) for i in range(registers)
        ]
        delayed = [
            Signal(self._exponent, name=f"raised_{head}_{i}", reset_less=True)
            for i in range(inverse.latency + 1)
        ]
        m.d.sync += [
            peaks[0].eq(largest),
            *(b.eq(a) for a, b in pairwise(peaks)),
            delayed[0].eq(peaks[-1] + exponent),
            *(b.eq(a) for a, b in pairwise(delayed)),
        ]
        m.d.comb += [
            records.i.p[head].inverse.eq(inverse.value[head]),
            records.i.p[head].exponent.eq(delayed[-1]),
        ]

    def _second_pass(
        self,
        m: Module,
        ring: LibMemory,
        records: Queue,
        lengths: Queue,
        issue: Signal,
        finish: Signal,
    ) -> None:
        spec = self.spec
        m.submodules.credit = credit = Credit(shape=lanes_of(spec.port("o").type), latency=RESULT)
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        read = ring.read_port()
        sent = Signal(lengths.o.p.shape())
        m.d.comb += [
            issue.eq(records.o.valid & credit.may_enter),
            finish.eq(issue & (sent == lengths.o.p - 1)),
            credit.enter.eq(issue),
            records.o.ready.eq(finish),
            lengths.o.ready.eq(finish),
        ]
        with m.If(issue):
            m.d.sync += [read.addr.eq(read.addr + 1), sent.eq(Mux(finish, 0, sent + 1))]
        first, second = (
            Signal(self._records, name=n, reset_less=True) for n in ("record_1", "record_2")
        )
        busy = Signal(RESULT)
        m.d.sync += [
            Cat(busy).eq(Cat(issue, busy)),
            first.eq(records.o.p),
            second.eq(first),
        ]
        for place in range(spec.parallel_heads * spec.positions):
            head = place // spec.positions
            result = self._result(m, place, read.data[place], second[head])
            m.d.comb += credit.i_payload[place].eq(result)
        m.d.comb += credit.i_valid.eq(busy[-1])

    def _result(self, m: Module, head: int, word: data.View, record: data.View) -> Value:
        """Mantissa times reciprocal, shifted by the powers' distance."""
        spec = self.spec
        mantissa = Signal(spec.frac + 1, name=f"mantissa_{head}", reset_less=True)
        whole = Signal(self._power, name=f"power_whole_{head}", reset_less=True)
        product = Signal(2 * spec.frac + 3, name=f"product_{head}", reset_less=True)
        below = 2 * spec.frac - spec.out.frac  # all but one bit below the result's LSB
        cap = (1 << bits_for(spec.out.frac + 3)) - 1
        distance = Signal(Shape(self._power.width + 2, signed=True), name=f"away_{head}")
        shift = Signal(range(cap + 1), name=f"shift_{head}", reset_less=True)
        moved = Signal(len(product) - below, name=f"moved_{head}", reset_less=True)
        nearest = Signal(len(moved), name=f"nearest_{head}")
        result = Signal(spec.out.shape, name=f"result_{head}", reset_less=True)
        m.d.comb += distance.eq(record.exponent - whole)
        m.d.comb += nearest.eq(rounded(moved, 1))
        m.d.sync += [
            mantissa.eq(word.mantissa),
            whole.eq(word.whole),
            product.eq(mantissa * record.inverse),
            shift.eq(Mux(distance > cap, cap, distance)),
            moved.eq(product[below:] >> shift),
            result.eq(saturated(nearest, spec.out)),
        ]
        return result
