# SPDX-License-Identifier: Apache-2.0
"""Attention scores: the dot product of a query with each cached key of its head."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import wiring
from amaranth.utils import ceil_log2
from numpy.typing import NDArray

from ..numerics.fixed import Fixed, round_shift
from ..stream.credit import Credit, credit_latency, credit_memory
from ..stream.itensor import Bindings
from ..stream.signature import lanes_of
from .attention import (
    cached_type,
    check_heads,
    check_lanes,
    lengths_of,
    query_type,
    score_type,
)
from .base import KernelSpec, Port, Resources, Tensors, Timing
from .rounding import rounded, saturated

__all__ = ["Scores", "ScoresKernel"]


@dataclass(frozen=True, kw_only=True)
class Scores(KernelSpec):
    """Integer scores ``query . key >> shift`` of each token, head and position.

    A beat of the query (sent again for each position) meets a beat of a key; the products of the
    lanes are summed by a registered tree, and the beats of a head in an accumulator::

        i_q, i_k -> [lanes multipliers] -> [adder tree] -> [+ accumulator] -> [round, saturate] -> o

    Every score takes head_dim / lanes beats, so that rows of any length need no control. With
    heads abreast a beat has whole heads, and each has multipliers and a tree of its own.

    Shapes      i_q: [tokens, heads * head_dim], the part of each head, or of heads abreast, again
                for each of ``length`` positions; i_k: [context, heads / shared * head_dim], again
                for each token, head by head, each head again for the ``shared`` query heads that
                read it (abreast: at once for all of them); o: [tokens, heads, context],
                ``abreast`` heads a beat, each row up to ``length``
    Formats     i_q: ``query``; i_k: ``key``; o: ``out``, an integer of it is the rounded sum.
                The sum has query + key + log2(head_dim) bits and cannot overflow
    Parameters  tokens, context: bounds; heads, head_dim: elements; lanes: divides head_dim;
                shift: bits dropped from the sum, round half up; shared: query heads a key head;
                abreast: query heads a beat, 1 or a multiple of shared
    Timing      F = head_dim / lanes, c = ceil(log2(lanes)) + 5: interval = F * scores cycles,
                latency = F - 1 + c, drain = c; scores = heads / abreast * sum of the lengths
    Buffers     c + 1 beats in the queue of the credit bracket
    Error       half an LSB of ``out`` against the exact integer sum / 2**shift, or saturation
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if lanes does not divide head_dim, or is not all of it with heads
                abreast; if shared or abreast do not divide the heads as above, or shift is negative
    Source      Vaswani et al. 2017 (scaled dot-product attention)
    """

    tokens: int
    heads: int
    head_dim: int
    context: int
    lanes: int
    query: Fixed = Fixed(16)  # noqa: RUF009
    key: Fixed = Fixed(8)  # noqa: RUF009
    out: Fixed = Fixed(18, 10)  # noqa: RUF009
    shift: int = 0
    shared: int = 1
    abreast: int = 1

    def __post_init__(self) -> None:
        check_heads(heads=self.heads, shared=self.shared, abreast=self.abreast)
        check_lanes(head_dim=self.head_dim, lanes=self.lanes, abreast=self.abreast)
        if self.shift < 0:
            raise ValueError(f"shift must be at least 0, not {self.shift}")

    @property
    def fold(self) -> int:
        """Beats of one score."""
        return self.head_dim // self.lanes

    @property
    def sum_width(self) -> int:
        """Bits of the exact (signed) sum."""
        return self.query.width + self.key.width + 1 + ceil_log2(self.head_dim)

    @property
    def depth(self) -> int:
        """Registers from an operand to the score: operands, product, tree, accumulator, result."""
        return 4 + ceil_log2(self.lanes)

    @property
    def ports(self) -> tuple[Port, ...]:
        rows = {
            "tokens": self.tokens,
            "heads": self.heads,
            "context": self.context,
            "abreast": self.abreast,
        }
        beats = {"head_dim": self.head_dim, "lanes": self.lanes}
        return (
            Port("i_q", query_type(self.query, **rows, **beats)),
            Port("i_k", cached_type(self.key, **rows, **beats, shared=self.shared)),
            Port("o", score_type(self.out, **rows)),
        )

    def compute(self, inputs: Tensors, bindings: Bindings) -> dict[str, NDArray[np.int64]]:
        q = np.asarray(inputs["i_q"], dtype=np.int64)
        k = np.asarray(inputs["i_k"], dtype=np.int64)
        n = len(q)
        q = q.reshape(n, self.heads, self.head_dim)
        k = np.repeat(k.reshape(len(k), -1, self.head_dim), self.shared, axis=1)
        scores = np.zeros((n, self.heads, self.context), dtype=np.int64)
        for t, length in enumerate(lengths_of(bindings, tokens=n, context=self.context)):
            total = np.einsum("hd,phd->hp", q[t], k[:length])
            scores[t, :, :length] = self.out.saturate(round_shift(total, self.shift))
        return {"o": scores}

    def timing(self, bindings: Bindings) -> Timing:
        drain = credit_latency(self.depth)
        scores = self.port("o").type.tokens(bindings)
        return Timing(latency=self.fold - 1 + drain, interval=self.fold * scores, drain=drain)

    def resources(self) -> Resources:
        product = self.query.width + self.key.width
        queue = credit_memory(lanes_of(self.port("o").type), self.depth)
        tree = (self.lanes - 1) * (product + 1)
        return Resources(
            luts=self.abreast * (tree + 2 * self.sum_width + self.out.width) + 30,
            ffs=self.abreast * (tree + 2 * self.lanes * product + self.sum_width + self.out.width)
            + 3 * self.depth
            + 20,
            multipliers=((self.query.width, self.key.width),) * self.lanes * self.abreast,
            memories=(queue,) if queue else (),
        )

    def create(self) -> "ScoresKernel":
        return ScoresKernel(spec=self)


class ScoresKernel(wiring.Component):
    """Hardware of ``Scores``."""

    def __init__(self, *, spec: Scores) -> None:
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
            # only the beat that completes a score needs a place in the queue
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

        # what is in each register of the pipeline: a beat, the first of its score, the last
        used, starts, ends = (Signal(spec.depth, name=n) for n in ("used", "starts", "ends"))
        m.d.sync += [
            used.eq((used << 1) | fire),
            starts.eq((starts << 1) | first),
            ends.eq((ends << 1) | (fire & last)),
        ]
        m.d.comb += credit.i_valid.eq(ends[-1])
        for head in range(spec.abreast):
            score = self._head(m, head, fire, used, starts)
            m.d.comb += credit.i_payload[head].eq(score)
        return m

    def _head(self, m: Module, head: int, fire: Signal, used: Signal, starts: Signal) -> Signal:
        """The score of one of the heads abreast: its lanes of a beat, its tree and sum.

        Registers move only with a beat: most of the time there is none, and what rests needs no
        power, and no time in a simulation.
        """
        spec = self.spec
        at = spec.depth - 3
        level: list[Signal] = []
        signed = spec.query.signed or spec.key.signed
        # heads that share a cached head stand side by side; one at a time, all read its only one
        cached = head // spec.shared
        for lane in range(spec.lanes):
            q = Signal(spec.query.shape, name=f"q_{head}_{lane}")
            k = Signal(spec.key.shape, name=f"k_{head}_{lane}")
            product = Signal((q * k).shape(), name=f"product_{head}_{lane}")
            with m.If(fire):
                m.d.sync += q.eq(self.i_q.p[head * spec.lanes + lane])
                m.d.sync += k.eq(self.i_k.p[cached * spec.lanes + lane])
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
                Signal(pair.shape(), name=f"sum_{head}_{stage}_{i}") for i, pair in enumerate(pairs)
            ]
            with m.If(used[stage]):
                m.d.sync += [total.eq(pair) for total, pair in zip(level, pairs, strict=True)]
        total = Signal(Shape(spec.sum_width, signed), name=f"total_{head}")
        with m.If(used[at]):
            with m.If(starts[at]):
                m.d.sync += total.eq(level[0])
            with m.Else():
                m.d.sync += total.eq(total + level[0])
        moved = Signal(rounded(total, spec.shift).shape(), name=f"moved_{head}")
        score = Signal(spec.out.shape, name=f"score_{head}")
        m.d.comb += moved.eq(rounded(total, spec.shift))
        with m.If(used[at + 1]):
            m.d.sync += score.eq(saturated(moved, spec.out))
        return score
