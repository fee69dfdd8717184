# SPDX-License-Identifier: Apache-2.0
"""Hardware of the attention values: a ring of sums for each lane, heads abreast in lockstep."""

from itertools import pairwise
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..stream.credit import Credit
from ..stream.queue import Queue
from ..stream.width import Width
from .heads import format_name, placed_heads
from .rounding import rounded, saturated

if TYPE_CHECKING:
    from .values import Values

__all__ = ["LATENCY", "ValueHead", "ValuesKernel"]

LATENCY = 4
"""Registers from the operands to a result: operands, product, sum, result."""


class ValuesKernel(wiring.Component):
    """Hardware of ``Values``."""

    def __init__(self, *, spec: "Values") -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        length_shape = spec.port("i_length").type.fmt.shape
        m.submodules.waiting = waiting = Queue(shape=length_shape, depth=2)
        m.submodules.credit = credit = Credit(shape=spec.beat * spec.out.width, latency=LATENCY)
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
            last.eq(position == waiting.o.p - 1),
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

        used, starts, ends = (Signal(LATENCY, name=n) for n in ("used", "starts", "ends"))
        m.d.sync += [
            Cat(used).eq(Cat(fire, used)),
            Cat(starts).eq(Cat(first, starts)),
            Cat(ends).eq(Cat(credit.enter, ends)),
        ]
        heads = placed_heads(m, ValueHead(spec=spec), spec.abreast, platform)
        for index, head in enumerate(heads):
            # heads that share a cached head stand side by side
            v = self.i_v.p.as_value().word_select(index // spec.shared, len(head.v))
            m.d.comb += [
                head.fire.eq(fire),
                head.used.eq(used),
                head.starts.eq(starts[1]),
                head.ends.eq(ends[2]),
                head.p.eq(self.i_p.p[index]),
                head.v.eq(v),
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
    """The results of one of the heads abreast: its lanes of a beat, a ring for each.

    Registers move only with a beat: most of the time there is none, and what rests needs no power.

    Members     fire: In, a beat enters; used: In, operands and products are of a beat; starts: In,
                the product is of a row's first position; ends: In, the sums are those of a row
                p, v: In, probability and lanes of the beat; o: Out, results, ``LATENCY`` cycles
                after their last beat
    """

    def __init__(self, *, spec: "Values") -> None:
        self.spec = spec
        super().__init__(
            {
                "fire": In(1),
                "used": In(2),
                "starts": In(1),
                "ends": In(1),
                "p": In(spec.probability.shape),
                "v": In(spec.lanes * spec.value.width),
                "o": Out(spec.lanes * spec.out.width),
            }
        )

    @property
    def module(self) -> str:
        """Name of the Verilog module: all parameters, so that equal names are equal modules."""
        spec = self.spec
        formats = "_".join(format_name(f) for f in (spec.probability, spec.value, spec.out))
        sums = f"{spec.sum_shape.width}_{spec.shift}"
        return f"value_head_{spec.lanes}of{spec.head_dim}_{formats}_{sums}"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        p = Signal(spec.probability.shape, name="p_held")
        with m.If(self.fire):
            m.d.sync += p.eq(self.p)
        results = []
        for lane in range(spec.lanes):
            v = Signal(spec.value.shape, name=f"v_{lane}")
            product = Signal((p * v).shape(), name=f"product_{lane}")
            ring = [
                Signal(spec.sum_shape, name=f"sum_{lane}_{i}", reset_less=i > 0)
                for i in range(spec.fold)
            ]
            moved = Signal(rounded(ring[0], spec.shift).shape(), name=f"moved_{lane}")
            result = Signal(spec.out.shape, name=f"result_{lane}")
            m.d.comb += moved.eq(rounded(ring[0], spec.shift))
            with m.If(self.fire):
                m.d.sync += v.eq(self.v.word_select(lane, spec.value.width))
            with m.If(self.used[0]):
                m.d.sync += product.eq(p * v)
            with m.If(self.ends):
                m.d.sync += result.eq(saturated(moved, spec.out))
            with m.If(self.used[1]):
                m.d.sync += ring[0].eq(Mux(self.starts, 0, ring[-1]) + product)
                m.d.sync += [b.eq(a) for a, b in pairwise(ring)]
            results.append(result)
        m.d.comb += self.o.eq(Cat(results))
        return m
