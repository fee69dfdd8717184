# SPDX-License-Identifier: Apache-2.0
"""Hardware of the attention values: a ring of sums for each lane, parallel heads in lockstep."""

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...stream.credit import Credit
from ...stream.queue import Queue
from ...stream.rounding import rounded, saturated
from ...stream.width import Width
from ..matmul.multiplier import fabric_product, multiples_of
from .parallel_heads import format_name, last_round, marked, placed_heads
from .values_geometry import ValuesGeometry

__all__ = ["ValueHead", "ValuesKernel"]


class ValuesKernel(wiring.Component):
    """Hardware of ``ValuesSpec``."""

    def __init__(self, *, spec: ValuesGeometry) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        length_shape = spec.port("i_length").type.fmt.shape
        m.submodules.waiting = waiting = Queue(shape=length_shape, depth=2)
        latency = spec.depth
        m.submodules.credit = credit = Credit(shape=spec.beat * spec.out.width, latency=latency)
        position = Signal(length_shape)
        beat = Signal(range(max(2, spec.fold)))
        first, last, may, fire, whole = (
            Signal(name=n) for n in ("first", "last", "may", "fire", "whole")
        )
        m.d.comb += [
            waiting.i.p.eq(self.i_length.p[0]),
            waiting.i.valid.eq(self.i_length.valid),
            self.i_length.ready.eq(waiting.i.ready),
            first.eq(position == 0),
            last.eq(position == last_round(waiting.o.p, spec.positions)),
            whole.eq(beat == spec.fold - 1),
            # only the last position of a row gives results
            may.eq(waiting.o.valid & (credit.may_enter | ~last)),
            fire.eq(may & self.i_p.valid & self.i_v.valid),
            self.i_v.ready.eq(may & self.i_p.valid),
            self.i_p.ready.eq(may & self.i_v.valid & whole),
            waiting.o.ready.eq(fire & whole & last),
            credit.enter.eq(fire & last),
        ]
        with m.If(fire):
            m.d.sync += beat.eq(Mux(whole, 0, beat + 1))
            with m.If(whole):
                m.d.sync += position.eq(Mux(last, 0, position + 1))

        ends = Signal(latency)
        m.d.sync += Cat(ends).eq(Cat(credit.enter, ends))
        heads = placed_heads(m, ValueHead(spec=spec), spec.parallel_heads)
        cached, parallel_heads = max(1, spec.parallel_heads // spec.shared), spec.positions
        for index, head in enumerate(heads):
            # of each position heads that share a cached head are adjacent
            rows = self.i_v.p.as_value()
            v = [
                rows.word_select(p * cached + index // spec.shared, len(head.v) // parallel_heads)
                for p in range(parallel_heads)
            ]
            m.d.comb += [
                head.fire.eq(fire),
                head.first.eq(first),
                head.last.eq(credit.enter),
                head.p.eq(
                    Cat(self.i_p.p[index * parallel_heads + p] for p in range(parallel_heads))
                ),
                head.v.eq(Cat(v)),
            ]
        results = [head.o for head in heads]
        m.d.comb += [credit.i_payload.eq(Cat(results)), credit.i_valid.eq(ends[-1])]
        self._send(m, credit)
        return m

    def _send(self, m: Module, credit: Credit) -> None:
        spec = self.spec
        results = credit.o
        if spec.waits:
            # a whole head waits here, so that the next row is not held up while this one leaves
            m.submodules.queue = queue = Queue(shape=spec.beat * spec.out.width, depth=spec.fold)
            wiring.connect(m, results, queue.i)
            results = queue.o
        if spec.out_lanes != spec.beat:
            m.submodules.width = width = Width(
                width_in=spec.beat * spec.out.width, width_out=spec.out_lanes * spec.out.width
            )
            wiring.connect(m, results, width.i)
            results = width.o
        m.d.comb += [
            self.o.p.as_value().eq(results.payload),
            self.o.valid.eq(results.valid),
            results.ready.eq(self.o.ready),
        ]


class ValueHead(wiring.Component):
    """The results of one of the parallel heads: its lanes of a beat, a ring for each.

    Registers behind the operands move only with a beat: most of the time there is none, and what
    rests needs no power. What moves them is of this head alone, as all heads together are more
    registers than one can drive.

    Members     fire: In, a beat enters; first: In, it is of a row's first position; last: In, with
                it the sums are those of a row
                p, v: In, probability and lanes of each position; o: Out, results, ``depth`` cycles
                after their last beat
    """

    def __init__(self, *, spec: ValuesGeometry) -> None:
        self.spec = spec
        single, p_width = spec.positions == 1, spec.probability.width
        super().__init__(
            {
                "fire": In(1),
                "first": In(1),
                "last": In(1),
                "p": In(spec.probability.shape if single else spec.positions * p_width),
                "v": In(spec.positions * spec.lanes * spec.value.width),
                "o": Out(spec.lanes * spec.out.width),
            }
        )

    @property
    def module(self) -> str:
        """Name of the Verilog module: all parameters, so that equal names are equal modules."""
        spec = self.spec
        formats = "_".join(format_name(f) for f in (spec.probability, spec.value, spec.out))
        sums = f"{spec.sum_shape.width}_{spec.shift}"
        parallel_heads = "" if spec.positions == 1 else f"_by{spec.positions}"
        parallel_heads += f"_{spec.fabric_positions}" if spec.fabric_positions else ""
        return f"value_head_{spec.lanes}of{spec.head_dim}_{formats}_{sums}{parallel_heads}"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        used = marked(m, "used", self.fire, spec.depth - 2)
        starts = marked(m, "starts", self.first, spec.depth - 2)[-1]
        ends = marked(m, "ends", self.last, spec.depth - 1)[-1]
        factors = [self._held(m, position) for position in range(spec.positions)]
        results = []
        for lane in range(spec.lanes):
            product = self._product(m, factors, lane, used)
            ring = [
                Signal(spec.sum_shape, name=f"sum_{lane}_{i}", reset_less=True)
                for i in range(spec.fold)
            ]
            moved = Signal(rounded(ring[0], spec.shift).shape(), name=f"moved_{lane}")
            result = Signal(spec.out.shape, name=f"result_{lane}", reset_less=True)
            m.d.comb += moved.eq(rounded(ring[0], spec.shift))
            with m.If(ends):
                m.d.sync += result.eq(saturated(moved, spec.out))
            with m.If(used[-1]):
                m.d.sync += ring[0].eq(Mux(starts, 0, ring[-1]) + product)
                m.d.sync += [b.eq(a) for a, b in pairwise(ring)]
            results.append(result)
        m.d.comb += self.o.eq(Cat(results))
        return m

    def _name(self, name: str, position: int) -> str:
        return name if self.spec.positions == 1 else f"{name}_at_{position}"

    def _held(self, m: Module, position: int) -> "tuple[Value, Value | None]":
        """The probability of a position in a register; if its products are made of LUTs, with a
        sign, and with its multiples."""
        spec, shape = self.spec, self.spec.probability.shape
        entering = Value.cast(self.p).word_select(position, shape.width)
        p = Signal(shape, name=self._name("p_held", position), reset_less=True)
        m.d.sync += p.eq(entering)
        if position < spec.positions - spec.fabric_positions:
            return p, None
        wide = (entering.as_signed() if shape.signed else Cat(entering, 0)).as_signed()
        times = Signal(2 * (len(wide) + 2), name=f"times_{position}", reset_less=True)
        m.d.sync += times.eq(multiples_of(wide))
        return (p if shape.signed else Cat(p, 0).as_signed()), times

    def _product(
        self,
        m: Module,
        factors: "list[tuple[Value, Value | None]]",
        lane: int,
        used: Signal,
    ) -> Signal:
        """The product of a lane, or the sum of those of parallel positions."""
        spec, level = self.spec, []
        shape = (Signal(spec.probability.shape) * Signal(spec.value.shape)).shape()
        for position, (p, times) in enumerate(factors):
            v = Signal(spec.value.shape, name=self._name(f"v_{lane}", position), reset_less=True)
            product = Signal(shape, name=self._name(f"product_{lane}", position), reset_less=True)
            at = position * spec.lanes + lane
            m.d.sync += v.eq(self.v.word_select(at, spec.value.width))
            with m.If(used[0]):
                if times is None:
                    m.d.sync += product.eq(p * v)
                else:
                    name = f"part_{lane}_{position}"
                    m.d.sync += product.eq(fabric_product(m, v, p, times, name))
            level.append(product)
        stage = 0
        while len(level) > 1:
            stage += 1
            pairs = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
            level = [
                Signal(pair.shape(), name=f"pair_{lane}_{stage}_{i}", reset_less=True)
                for i, pair in enumerate(pairs)
            ]
            with m.If(used[stage]):
                m.d.sync += [total.eq(pair) for total, pair in zip(level, pairs, strict=True)]
        return level[0]
