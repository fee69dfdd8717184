# SPDX-License-Identifier: Apache-2.0
"""Hardware of the attention scores: multipliers and an adder tree for each score of a beat."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...stream.credit import Credit
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from .parallel_heads import format_name, marked, placed_heads
from .scores_geometry import ScoresGeometry

__all__ = ["ScoreHead", "ScoresKernel"]


class ScoresKernel(wiring.Component):
    """Hardware of ``ScoresSpec``."""

    def __init__(self, *, spec: ScoresGeometry) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(
            shape=lanes_of(spec.port("o").type), latency=spec.depth
        )
        wiring.connect(m, credit.o, wiring.flipped(self.o))

        beat = Signal(range(max(2, spec.fold)))
        first, last, may, fire = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            first.eq(beat == 0),
            last.eq(beat == spec.fold - 1),
            # only the beat that completes a score needs a slot of the queue
            may.eq(credit.may_enter | ~last),
            fire.eq(may & self.i_q.valid & self.i_k.valid),
            self.i_q.ready.eq(may & self.i_k.valid),
            self.i_k.ready.eq(may & self.i_q.valid),
            credit.enter.eq(fire & last),
        ]
        with m.If(fire):
            m.d.sync += beat.eq(0 if spec.fold == 1 else beat + 1)
            with m.If(last):
                m.d.sync += beat.eq(0)

        ends = Signal(spec.depth)  # in which registers of the pipeline the last beat of a score is
        m.d.sync += ends.eq((ends << 1) | (fire & last))
        m.d.comb += credit.i_valid.eq(ends[-1])
        heads = placed_heads(m, ScoreHead(spec=spec), spec.parallel_heads * spec.positions)
        cached = max(1, spec.parallel_heads // spec.shared)
        for index, head in enumerate(heads):
            # of each head all positions are adjacent; of each position all cached heads,
            # and heads that share one
            number, position = divmod(index, spec.positions)
            q, k = (
                value.as_value().word_select(place, len(part))
                for value, place, part in (
                    (self.i_q.p, number, head.q),
                    (self.i_k.p, position * cached + number // spec.shared, head.k),
                )
            )
            m.d.comb += [
                head.fire.eq(fire),
                head.first.eq(first),
                head.q.eq(q),
                head.k.eq(k),
                credit.i_payload[index].eq(head.o),
            ]
        return m


class ScoreHead(wiring.Component):
    """The score of one of the heads, and positions, parallel_heads: its lanes of a beat, tree and
    sum.

    Registers behind the operands move only with a beat: most of the time there is none, and what
    rests needs no power. What moves them is of this head alone, as all heads together are more
    registers than one can drive.

    Members     fire: In, a beat enters; first: In, it is the first of a score
                q, k: In, lanes of the beat; o: Out, the score, ``depth`` cycles after its last beat
    """

    def __init__(self, *, spec: ScoresGeometry) -> None:
        self.spec = spec
        super().__init__(
            {
                "fire": In(1),
                "first": In(1),
                "q": In(spec.lanes * spec.query.width),
                "k": In(spec.lanes * spec.key.width),
                "o": Out(spec.out.shape),
            }
        )

    @property
    def module(self) -> str:
        """Name of the Verilog module: all parameters, so that equal names are equal modules."""
        spec = self.spec
        formats = "_".join(format_name(f) for f in (spec.query, spec.key, spec.out))
        return f"score_head_{spec.lanes}of{spec.head_dim}_{formats}_{spec.shift}"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        at = spec.depth - 3
        used = marked(m, "used", self.fire, spec.depth - 1)
        starts = marked(m, "starts", self.first, at + 1)
        level: list[Signal] = []
        for lane in range(spec.lanes):
            q = Signal(spec.query.shape, name=f"q_{lane}", reset_less=True)
            k = Signal(spec.key.shape, name=f"k_{lane}", reset_less=True)
            product = Signal((q * k).shape(), name=f"product_{lane}", reset_less=True)
            m.d.sync += [
                q.eq(self.q.word_select(lane, spec.query.width)),
                k.eq(self.k.word_select(lane, spec.key.width)),
            ]
            with m.If(used[0]):
                m.d.sync += product.eq(q * k)
            level.append(product)
        stage = 0
        while len(level) > 1:
            stage += 1
            pairs = [
                level[i] + level[i + 1] if i + 1 < len(level) else level[i]
                for i in range(0, len(level), 2)
            ]
            level = [
                Signal(pair.shape(), name=f"sum_{stage}_{i}", reset_less=True)
                for i, pair in enumerate(pairs)
            ]
            with m.If(used[stage]):
                m.d.sync += [total.eq(pair) for total, pair in zip(level, pairs, strict=True)]
        total = Signal(Shape(spec.sum_width, spec.query.signed or spec.key.signed), reset_less=True)
        with m.If(used[at]):
            with m.If(starts[at]):
                m.d.sync += total.eq(level[0])
            with m.Else():
                m.d.sync += total.eq(total + level[0])
        moved = Signal(rounded(total, spec.shift).shape())
        m.d.comb += moved.eq(rounded(total, spec.shift))
        score = Signal(spec.out.shape, reset_less=True)
        m.d.comb += self.o.eq(score)
        with m.If(used[at + 1]):
            m.d.sync += score.eq(saturated(moved, spec.out))
        return m
