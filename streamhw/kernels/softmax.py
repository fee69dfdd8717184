# SPDX-License-Identifier: Apache-2.0
"""Softmax of rows whose lengths are known at run time only."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory as LibMemory
from amaranth.utils import bits_for, ceil_log2
from numpy.typing import NDArray

from ..numerics.fixed import Fixed, round_shift
from ..numerics.tables import Table, exponential, reciprocal
from ..stream.credit import Credit, credit_latency, credit_memory
from ..stream.itensor import Bindings
from ..stream.queue import Queue
from ..stream.signature import lanes_of
from .attention import length_type, lengths_of, score_type
from .base import KernelSpec, Memory, Port, Resources, Tensors, Timing
from .rounding import rounded, saturated
from .table import TableLookup

__all__ = ["Softmax", "SoftmaxKernel"]

_LOG2E = round(np.log2(np.e) * 2**24)
_ROWS = 32
"""Rows between their last element and their last result: enough for rows of one element."""
_SCALE = 7
"""Registers from an element to its mantissa: element, product, power, and 4 of the table."""
_RECORD = _SCALE + 9
"""Registers from a row's last element to its reciprocal."""
_RESULT = 5
"""Registers of the second pass: memory, mantissa, product, shift, rounding."""


@dataclass(frozen=True, kw_only=True)
class Softmax(KernelSpec):
    """Row-wise softmax in two passes over a ring of elements, one element a beat.

    The first pass writes each exp(x) = m * 2^i as mantissa and power, keeps the largest power of
    the row, and sums relative to it: where the largest grows, the sum is shifted, so no element
    is read twice and no subtraction of a maximum is needed. The second pass multiplies by the
    reciprocal of the normalised sum while the first pass is already in the next rows::

        i -> [* log2 e] -> [2^fraction table] -> ring ------------------------> [* r, shift] -> o
                                              -> [max, sum] -> [1/x table] -> r --^

    Shapes      i, o: [tokens, heads, context], each row up to its length, 1 element a beat;
                i_length: [tokens, heads], at least 1, read at the start of a row
    Formats     i: ``source``; o: ``out``, unsigned; mantissa and power have out.frac + 3 fraction
                bits, the sum out.frac + 4 + log2(context), it cannot overflow
    Parameters  tokens, context: bounds; heads; source, out: formats
    Timing      interval = sum of all lengths; latency = first length + 23; drain = 22 + last
                length if no row is shorter than the one before it (see ``timing``). The first
                result of a row comes 23 cycles after its last element
    Buffers     ring of context + 32 elements, rounded up to a power of two; 32 rows
    Error       |o - softmax(i)| < 1 LSB of ``out``, and 1 where a format without whole bits gives
                its largest code for a result of 1 (proved in tests/kernels/test_softmax.py); a row
                of one element gives 1 or that code
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if ``out`` is signed, or has more than 17 fraction bits
    Source      Milakov & Gimelshein 2018 (online normaliser), here with powers of two
    """

    tokens: int
    heads: int
    context: int
    source: Fixed = Fixed(18, 10)  # noqa: RUF009
    out: Fixed = Fixed(16, 16, signed=False)  # noqa: RUF009
    power_table: Table = field(init=False, repr=False, compare=False)
    reciprocal_table: Table = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.out.signed or not 1 <= self.out.frac <= 17:
            raise ValueError(f"out must be unsigned with 1 to 17 fraction bits, not {self.out}")
        bits = self.frac
        powers = exponential(
            source=Fixed(bits, bits, signed=False),
            out=Fixed(bits + 1, bits, signed=False),
            address=min(9, bits - 1),
            base=0.5,
        )
        inverse = reciprocal(
            fraction=bits, out=Fixed(bits + 2, bits + 1, signed=False), address=min(9, bits - 1)
        )
        object.__setattr__(self, "power_table", powers)
        object.__setattr__(self, "reciprocal_table", inverse)

    @property
    def frac(self) -> int:
        """Fraction bits of the powers and mantissas."""
        return self.out.frac + 3

    @property
    def power_shape(self) -> Shape:
        """Shape of the whole part of a power."""
        return Shape(max(self.source.width - self.source.frac, 1) + 2, signed=True)

    @property
    def sum_frac(self) -> int:
        """Fraction bits of the sum."""
        return self.out.frac + 4 + ceil_log2(self.context)

    @property
    def sum_width(self) -> int:
        """Bits of the sum of up to ``context`` mantissas below 2."""
        return self.sum_frac + 1 + ceil_log2(self.context)

    @property
    def ring_depth(self) -> int:
        """Elements of the ring: a row and what is accepted before its first result leaves."""
        return 1 << ceil_log2(self.context + 2 * _SCALE + 18)

    @property
    def ports(self) -> tuple[Port, ...]:
        rows = {"tokens": self.tokens, "heads": self.heads, "context": self.context}
        return (
            Port("i_length", length_type(**rows)),
            Port("i", score_type(self.source, **rows)),
            Port("o", score_type(self.out, **rows)),
        )

    def compute(self, inputs: Tensors, bindings: Bindings) -> dict[str, NDArray[np.int64]]:
        x = np.asarray(inputs["i"], dtype=np.int64)
        result = np.zeros((len(x), self.heads, self.context), dtype=np.int64)
        lengths = lengths_of(bindings, tokens=len(x), context=self.context)
        if "i_length" in inputs and (lengths != np.asarray(inputs["i_length"]).T).any():
            raise ValueError(f"i_length must be the bound lengths {lengths.tolist()} in each head")
        for t, length in enumerate(lengths):
            result[t, :, :length] = self._rows(x[t, :, :length])
        return {"o": result}

    def _rows(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        powers = round_shift(x * _LOG2E, self.source.frac + 24 - self.frac)
        whole = powers >> self.frac
        mantissa = self.power_table.evaluate(powers & ((1 << self.frac) - 1))
        largest = whole[:, 0].copy()
        total = np.zeros(len(x), dtype=np.int64)
        scaled = mantissa << (self.sum_frac - self.frac)
        for p in range(x.shape[1]):
            distance = np.minimum(np.abs(whole[:, p] - largest), 62)
            grows = whole[:, p] > largest
            total = np.where(
                grows,
                (total >> distance) + scaled[:, p],
                total + (scaled[:, p] >> distance),
            )
            largest = np.maximum(largest, whole[:, p])
        exponent = np.zeros(len(x), dtype=np.int64)
        for k in range(1, self.sum_width - self.sum_frac):
            exponent += (total >> (self.sum_frac + k)) != 0
        rest = (total >> (exponent + self.sum_frac - self.frac)) & ((1 << self.frac) - 1)
        inverse = self.reciprocal_table.evaluate(rest)
        shift = (largest + exponent)[:, None] - whole + 2 * self.frac + 1 - self.out.frac
        return self.out.saturate(round_shift(mantissa * inverse[:, None], np.minimum(shift, 62)))

    def timing(self, bindings: Bindings) -> Timing:
        tokens = bindings.get("tokens", self.tokens)
        assert isinstance(tokens, int | np.integer)
        lengths = lengths_of(bindings, tokens=int(tokens), context=self.context)
        accepted, free, first = 1, 0, None
        for length in np.repeat(lengths, self.heads).tolist():
            accepted += length
            # a row is sent when it is complete and the row before it has been sent
            begin = max(accepted + _RECORD, free)
            free = begin + length
            first = begin if first is None else first
        assert first is not None
        queue = credit_latency(_RESULT)
        return Timing(
            latency=first + queue,
            interval=int(lengths.sum()) * self.heads,
            drain=free - accepted + queue,
        )

    def resources(self) -> Resources:
        powers = TableLookup.resources_of(self.power_table, 1)
        inverse = TableLookup.resources_of(self.reciprocal_table, 1)
        queue = credit_memory(lanes_of(self.port("o").type), _RESULT)
        whole, length = self.power_shape.width, bits_for(self.context)
        ring = Memory(self.frac + 1 + whole, self.ring_depth)
        record = Memory(self.frac + 2 + whole + 1, _ROWS, asynchronous=True)
        wide, shifter = self.source.width + 25, 3 * self.sum_width
        return Resources(
            luts=powers.luts + inverse.luts + shifter + 4 * self.frac + 12 * whole + 30,
            muxes=8 * shifter,
            ffs=powers.ffs
            + inverse.ffs
            + wide
            + 5 * self.sum_width
            + 9 * self.frac
            + 14 * whole
            + 90,
            multipliers=(
                (self.source.width, 26),
                *powers.multipliers,
                *inverse.multipliers,
                (self.frac + 1, self.frac + 2),
            ),
            memories=(
                ring,
                record,
                Memory(length, _ROWS, asynchronous=True),
                *powers.memories,
                *inverse.memories,
                *((queue,) if queue else ()),
            ),
        )

    def create(self) -> "SoftmaxKernel":
        return SoftmaxKernel(spec=self)


class SoftmaxKernel(wiring.Component):
    """Hardware of ``Softmax``."""

    def __init__(self, *, spec: Softmax) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        length_shape = spec.port("i_length").type.fmt.shape
        word = data.StructLayout({"mantissa": spec.frac + 1, "whole": spec.power_shape})
        m.submodules.ring = ring = LibMemory(shape=word, depth=spec.ring_depth, init=[])
        m.submodules.waiting = waiting = Queue(shape=length_shape, depth=2)
        m.submodules.lengths = lengths = Queue(shape=length_shape, depth=_ROWS)
        exponent_shape = Shape(spec.power_shape.width + 1, signed=True)
        record_shape = data.StructLayout({"inverse": spec.frac + 2, "exponent": exponent_shape})
        m.submodules.records = records = Queue(shape=record_shape, depth=_ROWS)

        # input side: an element needs a place in the ring, its row a place among the rows
        at = Signal(length_shape)
        room = Signal(range(spec.ring_depth + 1), init=spec.ring_depth)
        has_room = Signal(init=1)
        rows = Signal(range(_ROWS + 1), init=_ROWS)
        has_row = Signal(init=1)
        fire, first, last, issue, finish = (
            Signal(name=n) for n in ("fire", "first", "last", "issue", "finish")
        )
        m.d.comb += [
            waiting.i.p.eq(self.i_length.p[0]),
            waiting.i.valid.eq(self.i_length.valid),
            self.i_length.ready.eq(waiting.i.ready),
            self.i.ready.eq(waiting.o.valid & has_room & has_row),
            fire.eq(self.i.valid & self.i.ready),
            first.eq(at == 0),
            last.eq(fire & (at == waiting.o.p - 1)),
            waiting.o.ready.eq(last),
            lengths.i.p.eq(waiting.o.p),
            lengths.i.valid.eq(last),
        ]
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

        used, starts, ends = (Signal(_RECORD, name=n) for n in ("used", "starts", "ends"))
        m.d.sync += [Cat(used).eq(Cat(fire, used)), Cat(starts).eq(Cat(first, starts))]
        m.d.sync += Cat(ends).eq(Cat(last, ends))
        self._first_pass(m, ring, used, starts, ends, records)
        self._second_pass(m, ring, records, lengths, issue, finish)
        return m

    def _first_pass(
        self, m: Module, ring: LibMemory, used: Signal, starts: Signal, ends: Signal, records: Queue
    ) -> None:
        spec = self.spec
        source = Signal(spec.source.shape)
        scaled = Signal(Shape(spec.source.width + 26, signed=True))
        power = Signal(Shape(spec.power_shape.width + spec.frac, signed=True))
        m.submodules.powers = powers = TableLookup(table=spec.power_table, lanes=1)
        whole = [Signal(spec.power_shape, name=f"whole_{i}") for i in range(powers.latency + 1)]
        mantissa = Signal(spec.frac + 1)
        m.d.sync += [
            source.eq(self.i.p[0]),
            scaled.eq(source * _LOG2E),
            power.eq(rounded(scaled, spec.source.frac + 24 - spec.frac)),
            *(b.eq(a) for a, b in pairwise(whole)),
        ]
        m.d.comb += [
            whole[0].eq(power[spec.frac :]),
            powers.code[0].eq(power[: spec.frac]),
            mantissa.eq(powers.value[0]),
        ]
        write = ring.write_port()
        m.d.comb += [
            write.en.eq(used[_SCALE - 1]),
            write.data.mantissa.eq(mantissa),
            write.data.whole.eq(whole[-1]),
        ]
        with m.If(write.en):
            m.d.sync += write.addr.eq(write.addr + 1)

        # the largest power so far; its distance to this one shifts either the element or the sum
        largest = Signal(spec.power_shape)
        grows = Signal()
        cap = (1 << bits_for(spec.sum_width)) - 1
        apart = Signal(Shape(spec.power_shape.width + 1, signed=True))
        distance = Signal(spec.power_shape.width)
        capped = Signal(range(cap + 1))
        m.d.comb += [
            apart.eq(whole[-1] - largest),
            grows.eq(starts[_SCALE - 1] | (apart > 0)),
            distance.eq(Mux(apart < 0, -apart, apart)),
            capped.eq(Mux(distance > cap, cap, distance)),
        ]
        with m.If(used[_SCALE - 1] & grows):
            m.d.sync += largest.eq(whole[-1])
        shift_sum, shift_term = (Signal.like(capped, name=n) for n in ("shift_sum", "shift_term"))
        term_wide = Signal(spec.sum_frac + 1)
        shift_later = Signal.like(capped)
        term = Signal(spec.sum_frac + 1)
        total = Signal(spec.sum_width)
        kept = Signal(spec.sum_width)
        m.d.sync += [
            shift_sum.eq(Mux(grows, capped, 0)),
            shift_term.eq(Mux(grows, 0, capped)),
            term_wide.eq(mantissa << (spec.sum_frac - spec.frac)),
            term.eq(term_wide >> shift_term),
            shift_later.eq(shift_sum),
        ]
        m.d.comb += kept.eq(Mux(starts[_SCALE + 1], 0, total >> shift_later))
        with m.If(used[_SCALE + 1]):
            m.d.sync += total.eq(kept + term)

        # the sum is at least 1: its highest one is among the bits above the fraction
        above = total[spec.sum_frac :]
        exponent = Signal(range(spec.sum_width - spec.sum_frac))
        held = Signal(spec.sum_width)
        normal = Signal(spec.sum_width)
        m.submodules.inverse = inverse = TableLookup(table=spec.reciprocal_table, lanes=1)
        code = Signal(spec.frac)
        for k in range(len(above)):
            with m.If(above[k]):
                m.d.sync += exponent.eq(k)
        m.d.comb += normal.eq(held >> exponent)
        m.d.sync += [held.eq(total), code.eq(normal[spec.sum_frac - spec.frac : spec.sum_frac])]
        m.d.comb += inverse.code[0].eq(code)
        # from the update of the largest power (visible at _SCALE + 1) on, beside the sum
        peaks = [Signal(spec.power_shape, name=f"peak_{i}") for i in range(2)]
        raised = Signal(Shape(spec.power_shape.width + 1, signed=True))
        m.d.sync += [peaks[0].eq(largest), peaks[1].eq(peaks[0])]
        delayed = [Signal.like(raised, name=f"raised_{i}") for i in range(inverse.latency + 1)]
        peak_held = Signal(spec.power_shape)
        m.d.sync += [
            peak_held.eq(peaks[1]),
            delayed[0].eq(peak_held + exponent),
            *(b.eq(a) for a, b in pairwise(delayed)),
        ]
        m.d.comb += [
            records.i.p.inverse.eq(inverse.value[0]),
            records.i.p.exponent.eq(delayed[-1]),
            records.i.valid.eq(ends[-1]),
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
        m.submodules.credit = credit = Credit(shape=lanes_of(spec.port("o").type), latency=_RESULT)
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

        first, second = (Signal(records.o.p.shape(), name=n) for n in ("record_1", "record_2"))
        mantissa = Signal(spec.frac + 1)
        whole = Signal(spec.power_shape)
        product = Signal(2 * spec.frac + 3)
        below = 2 * spec.frac - spec.out.frac  # all but one bit below the result's LSB
        cap = (1 << bits_for(spec.out.frac + 3)) - 1
        distance = Signal(Shape(spec.power_shape.width + 2, signed=True))
        shift = Signal(range(cap + 1))
        moved = Signal(len(product) - below)
        nearest = Signal(len(moved))
        result = Signal(spec.out.shape)
        busy = Signal(_RESULT)
        m.d.comb += distance.eq(second.exponent - whole)
        m.d.comb += nearest.eq(rounded(moved, 1))
        m.d.sync += [
            Cat(busy).eq(Cat(issue, busy)),
            first.eq(records.o.p),
            second.eq(first),
            mantissa.eq(read.data.mantissa),
            whole.eq(read.data.whole),
            product.eq(mantissa * second.inverse),
            shift.eq(Mux(distance > cap, cap, distance)),
            moved.eq(product[below:] >> shift),
            result.eq(saturated(nearest, spec.out)),
        ]
        m.d.comb += [credit.i_payload[0].eq(result), credit.i_valid.eq(busy[-1])]
