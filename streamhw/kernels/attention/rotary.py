# SPDX-License-Identifier: Apache-2.0
"""Rotary embedding: rotates pairs of features by angles whose cosines and sines are streamed."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed, round_shift
from ...numerics.rotary_tables import ANGLE, ANGLE_WORD
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.itensor import ITensor, Loop, Symbol, SymbolValues
from ...stream.pipeline import delayed
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Port, Resources, Tensors, Timing

__all__ = ["RotaryKernel", "RotarySpec"]

Ints = NDArray[np.int64]

LATENCY = 4
"""Registers from a pair to a result: operands, products, sum, rounding."""


@dataclass(frozen=True, kw_only=True)
class RotarySpec(KernelSpec):
    """Rotates features x[i] and x[i + head_dim / 2] of each head by the angle i of the token.

    The two beats of a pair follow each other: the first is held, the second brings the angles, and
    two results leave in consecutive cycles through the same multipliers::

        i --> hold x --.
        i_angle -------+--> x*c - y*s, then y*c + x*s --> round, saturate --> o
        i --> y -------'

    Shapes      i, o: [tokens, heads * head_dim], ``lanes`` features of the first half of a head,
                then those of its second half that they are rotated with; i_angle: [tokens,
                head_dim / 2], again for each head, ``lanes`` words a beat
    Formats     i: ``source``, at most 18 bits; i_angle: s16.14 cosine in the low half, sine in the
                high half of a word; o: ``out``, rounded half up once
    Parameters  tokens: bound; heads, head_dim: elements; lanes: divides head_dim / 2
    Timing      interval = type.beats() cycles; latency = 6 cycles; drain = 6 cycles
    Buffers     one beat and one pair; 6 beats in the queue of the credit bracket
    Error       half an LSB of ``out``, and 2^-15 * (|x| + |y|) from rounded cosines and sines
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if lanes does not divide head_dim / 2, or a format is out of range
    Source      Su et al. 2021 (RoFormer), halves instead of neighbors as Llama has them
    """

    tokens: int
    heads: int
    head_dim: int
    lanes: int
    source: Fixed
    out: Fixed

    def __post_init__(self) -> None:
        if self.head_dim % 2 or self.lanes < 1 or self.head_dim // 2 % self.lanes:
            raise ValueError(
                f"lanes must divide half of head_dim {self.head_dim}, not {self.lanes}"
            )
        for name, fmt, widest in (("source", self.source, 18), ("out", self.out, 24)):
            if not fmt.signed or fmt.width > widest:
                raise ValueError(f"{name} must be signed with at most {widest} bits, not {fmt}")
        if self.shift < 0:
            raise ValueError(f"out must be no finer than the products, not {self.out}")

    @property
    def shift(self) -> int:
        """Fraction bits that the sum of products loses."""
        return self.source.frac + ANGLE.frac - self.out.frac

    @property
    def pairs(self) -> int:
        """Pairs of features of a head."""
        return self.head_dim // 2

    def _pairs_of(self, fmt: Fixed) -> ITensor:
        loops = (
            Loop(Symbol("tokens", self.tokens), 1, 0),
            Loop(self.heads, self.head_dim, 1),
            Loop(self.pairs // self.lanes, self.lanes, 1),
            Loop(2, self.pairs, 1),
        )
        return ITensor(fmt, (1, self.lanes), loops)

    @property
    def ports(self) -> tuple[Port, ...]:
        angles = (
            Loop(Symbol("tokens", self.tokens), 1, 0),
            Loop(self.heads),
            Loop(self.pairs // self.lanes, self.lanes, 1),
        )
        return (
            Port("i", self._pairs_of(self.source)),
            Port("i_angle", ITensor(ANGLE_WORD, (1, self.lanes), angles)),
            Port("o", self._pairs_of(self.out)),
        )

    def golden(self, x: Ints, words: Ints) -> Ints:
        """Output codes [..., heads * head_dim] of input codes and angle words [..., pairs]."""
        x = np.asarray(x, dtype=np.int64)
        words = np.asarray(words, dtype=np.int64)[..., None, :]
        cosine, sine = (((half & 0xFFFF) ^ 0x8000) - 0x8000 for half in (words, words >> 16))
        halves = x.reshape(*x.shape[:-1], self.heads, 2, self.pairs)
        first, second = halves[..., 0, :], halves[..., 1, :]
        rotated = [first * cosine - second * sine, second * cosine + first * sine]
        result = self.out.saturate(round_shift(np.stack(rotated, axis=-2), self.shift))
        return result.reshape(x.shape)

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        return {"o": self.golden(inputs["i"], inputs["i_angle"])}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        drain = credit_latency(LATENCY) + 1
        interval = self.port("i").type.beats(symbol_values)
        return Timing(latency=drain, interval=interval, drain=drain)

    def resources(self) -> Resources:
        width, queue = self.source.width, credit_memory(lanes_of(self.port("o").type), LATENCY)
        product = width + ANGLE.width
        # Rounding half up needs no bits of the sum below the half.
        total = product + 1 - max(0, self.shift - 1)
        # What adds or subtracts is one chain of carries in some families, two in others.
        rotation = 5 * product // 2
        return Resources(
            luts=self.lanes * (2 * width + 2 * ANGLE.width + rotation + 2 * self.out.width) + 20,
            ffs=self.lanes * (5 * width + 4 * ANGLE.width + 2 * product + total + self.out.width)
            + 20,
            multipliers=((width, ANGLE.width),) * (2 * self.lanes),
            memories=(queue,) if queue else (),
        )

    def create(self) -> "RotaryKernel":
        return RotaryKernel(spec=self)


class RotaryKernel(wiring.Component):
    """Hardware of ``RotarySpec``."""

    def __init__(self, *, spec: RotarySpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(shape=lanes_of(spec.port("o").type), latency=LATENCY)
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        second, pending, pair, send = (
            Signal(name=n) for n in ("second", "pending", "pair", "send")
        )
        m.d.comb += [
            # the result of a pair's second half has the pipeline first
            send.eq(pending & credit.may_enter),
            pair.eq(second & ~pending & credit.may_enter & self.i.valid & self.i_angle.valid),
            self.i.ready.eq(~second | (~pending & credit.may_enter & self.i_angle.valid)),
            self.i_angle.ready.eq(second & ~pending & credit.may_enter & self.i.valid),
            credit.enter.eq(pair | send),
            credit.i_valid.eq(delayed(m, credit.enter, LATENCY, reset=True)),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += second.eq(~second)
        with m.If(pair):
            m.d.sync += pending.eq(1)
        with m.Elif(send):
            m.d.sync += pending.eq(0)
        for lane in range(spec.lanes):
            result = self._turn(m, lane, second, pending)
            m.d.comb += credit.i_payload[lane].eq(result)
        return m

    def _turn(self, m: Module, lane: int, second: Signal, pending: Signal) -> Signal:
        """x*c - y*s of the pair that is there, or y*c + x*s of the one that is pending."""
        spec = self.spec

        def register(name: str, shape: object) -> Signal:
            return Signal(shape, name=f"{name}_{lane}", reset_less=True)

        held, x, y, one, other = (
            register(name, spec.source.shape) for name in ("held", "x", "y", "one", "other")
        )
        cosine, sine, c, s = (register(n, ANGLE.shape) for n in ("cosine", "sine", "c", "s"))
        late = register("late", 1)
        element, word = self.i.p[lane], self.i_angle.p[lane]
        with m.If(~second & self.i.valid):
            m.d.sync += held.eq(element)
        with m.If(~pending):
            m.d.sync += [x.eq(held), y.eq(element), cosine.eq(word[:16]), sine.eq(word[16:])]
        m.d.sync += [
            one.eq(Mux(pending, y, held)),
            other.eq(Mux(pending, x, element)),
            c.eq(Mux(pending, cosine, word[:16].as_signed())),
            s.eq(Mux(pending, sine, word[16:].as_signed())),
            late.eq(pending),
        ]
        product = signed(spec.source.width + ANGLE.width)
        straight, crossed = register("straight", product), register("crossed", product)
        total = register("total", signed(product.width + 1))
        result = register("result", spec.out.shape)
        moved = Signal(rounded(total, spec.shift).shape(), name=f"moved_{lane}")
        adds = delayed(m, late, 1)
        m.d.sync += [
            straight.eq(one * c),
            crossed.eq(other * s),
            total.eq(Mux(adds, straight + crossed, straight - crossed)),
            result.eq(saturated(moved, spec.out)),
        ]
        m.d.comb += moved.eq(rounded(total, spec.shift))
        return result
