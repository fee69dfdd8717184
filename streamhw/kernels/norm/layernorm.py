# SPDX-License-Identifier: Apache-2.0
"""Layer norm and RMS norm of a streamed matrix: integer statistics, then normalize and scale."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed, round_shift
from ...numerics.tables import Table, reciprocal_root
from ...stream.behaviour import Behaviour
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from ...stream.itensor.itensor import Symbol, SymbolValues
from ...stream.pipeline import delayed, scaled, square_multipliers, square_registers
from ...stream.queue import Queue, queue_latency, queue_memory
from ...stream.rounding import saturated
from ...stream.spec import KernelSpec, Port, Resources, Role, Tensors, Timing
from ...stream.table_lookup import TableLookup
from .row_statistics import RowStatistics

__all__ = ["MOST_WIDTH", "NormSpec", "gamma_width", "most_source_width"]

Ints = NDArray[np.int64]

ROOT_FRACTION = 17
"""Fraction bits of the variance's mantissa and of its reciprocal root."""
NORM_WIDTH = 18
"""Bits of a normalized element: one multiplier input."""
NORMALIZE = 10
"""Registers from an element of a row to its result."""
INT8 = Fixed(8)
AFFINE = Fixed(32, signed=False)
"""Gamma and beta in a word."""
GAMMA = Fixed(16)
"""Gamma alone, where there is no beta."""
WIDE_GAMMA = Fixed(32)
"""Gamma alone of results above 16 bits, which are as fine in all layers: 24 bits that matter."""
MOST_WIDTH = 28
"""Bits of the widest operand and, where there is no beta, of the widest result."""


def most_source_width(features: int, *, centered: bool) -> int:
    """Bits of the widest elements whose row sums the kernel holds: 35 bits of sums if the mean is
    taken off, 64 of sums of squares."""
    carries = (features - 1).bit_length()
    return min(MOST_WIDTH, 35 - carries if centered else (64 - carries) // 2)


def gamma_width(out: Fixed) -> int:
    """Bits of gamma for results of a format."""
    return 16 if out.width <= 16 else 24


@dataclass(frozen=True, kw_only=True)
class NormSpec(KernelSpec):
    """Rows to zero mean and unit variance, times gamma, plus beta, to the output's integers; or
    to unit mean square, times gamma (RMS norm), if not ``centered``.

    Sums of elements and squares are taken while a row is stored; then the row is read, next to
    its reciprocal standard deviation, while following rows arrive. All is exact up to there::

        i --+--> row queue --------------------------------> d*x - S1 -> shift -> *r -> *g + b --> o
            +--> S1 = sum x, S2 = sum x^2 -> V = d*S2 - S1^2 + E --> r = 1/sqrt(V)  ^--- i_affine

    With d counted features (d*x - S1) / sqrt(V) is the normalized element; no mean is rounded and
    V does not cancel. E = d^2 * epsilon in squared input LSB, at least 1. If not centered, S1 is
    0 and there is no beta: the same hardware without sums, their square and their queue.

    Shapes      i: (tokens, heads * features) row-major, each run of ``features`` a row of its own;
                i_affine: (1, heads * features), read again for each token; o: as i; all with
                ``lanes`` elements a beat
    Formats     i: ``source``; o: ``out``, integers whose scale is folded in gamma and beta;
                i_affine: 32-bit words, gamma in the low half, beta in the high half, both
                two's complement: s16 with ``gamma_frac`` and ``beta_frac`` fraction bits;
                if not centered gamma alone, s16, or s32 of which 24 bits matter if ``out`` has
                more than 16 bits.
                The normalized element has 18 bits, ``norm_frac`` of them fraction:
                o = saturate(round_shift(norm * gamma + (beta << shift), norm_frac + gamma_frac))
    Parameters  features: elements of a row, at least 2; lanes: elements a beat, divides features;
                tokens: rows, or their symbol; epsilon: added to the variance, in real units;
                heads: rows of a token; centered: whether the mean is taken off;
                counted: features that means are taken over, ``None``: all; the others must be
                zeros with gamma and beta zero, and stay zeros
    Timing      n tokens, h heads, b = features / lanes beats a row: latency = b + 25 +
                ceil(log4(lanes)) cycles (1 less while d^2 * range^2 has at most 32 bits);
                interval = n * h * b cycles; drain = 11 cycles; a beat each cycle
    Buffers     b + 15 + ceil(log4(lanes)) beats of the input; sums of the rows in them
    Error       |o - exact| <= 0.5 + |gamma| * (2^-norm_frac + 2^-15 * |norm|) LSB before
                saturation, gamma in output LSB: below 1 LSB for int8
                (proved in tests/kernels/norm/test_layernorm.py)
    Stalls      lossless; output independent of stalls; no combinational path i.valid -> o.valid
                or o.ready -> i.ready
    Raises      ValueError: if features, lanes, epsilon or a format is out of range
    Source      exact integer form of Ba, Kiros & Hinton 2016
    """

    features: int
    lanes: int
    tokens: int | Symbol
    source: Fixed
    out: Fixed = INT8
    epsilon: float = 1e-5
    gamma_frac: int
    beta_frac: int = 0
    heads: int = 1
    centered: bool = True
    counted: int | None = None

    def __post_init__(self) -> None:
        if self.features < 2:
            raise ValueError(f"features must be at least 2, not {self.features}")
        if not 1 <= self.count <= self.features:
            raise ValueError(f"counted must be 1 to {self.features}, not {self.counted}")
        if self.lanes < 1 or self.features % self.lanes:
            raise ValueError(f"lanes must divide the {self.features} features, not {self.lanes}")
        most = most_source_width(self.features, centered=self.centered)
        if not self.source.signed or self.source.width > most:
            raise ValueError(
                f"source must be signed with at most {most} bits for {self.features} features, "
                f"not {self.source}"
            )
        most = 16 if self.centered else MOST_WIDTH
        if not self.out.signed or self.out.width > most:
            raise ValueError(f"out must be signed with at most {most} bits, not {self.out}")
        if self.heads < 1:
            raise ValueError(f"heads must be at least 1, not {self.heads}")
        if self.epsilon < 0:
            raise ValueError(f"epsilon must not be negative, not {self.epsilon}")
        if self.gamma_frac < 0 or not 0 <= self.beta_frac <= self.scale_frac:
            raise ValueError(
                f"beta_frac must be 0 to norm_frac + gamma_frac = {self.scale_frac}, "
                f"not {self.beta_frac} with gamma_frac {self.gamma_frac}"
            )

    @property
    def count(self) -> int:
        """Features that means are taken over (d)."""
        return self.features if self.counted is None else self.counted

    @property
    def beats(self) -> int:
        """Beats of a row."""
        return self.features // self.lanes

    @property
    def sum_width(self) -> int:
        """Bits of the sum of a row."""
        return self.source.width + (self.features - 1).bit_length()

    @property
    def root_width(self) -> int:
        """Bits of a row's reciprocal standard deviation with its exponent."""
        return ROOT_FRACTION + (self.variance_width // 2 - 1).bit_length()

    @property
    def offset(self) -> int:
        """``epsilon`` in units of V; at least 1, so that constant rows have no division by 0."""
        scaled = self.epsilon * self.count**2 * 4.0**self.source.frac
        return max(1, int(scaled + 0.5))

    @property
    def variance_width(self) -> int:
        """Bits of V, rounded up to an even number: its root's exponent is then a whole number."""
        largest = (self.count**2 << (2 * self.source.width - 2)) + self.offset
        return (largest.bit_length() + 1) & ~1

    @property
    def norm_frac(self) -> int:
        """Fraction bits of a normalized element.

        |d*x - S1| <= sqrt((d - 1) * V), or |d*x| <= sqrt(d * V), and the root's power of two is
        above sqrt(V) / 2: the shifted difference is below 2 * sqrt(d - 1) or 2 * sqrt(d), which
        the other bits hold.
        """
        most = max(1, self.count - int(self.centered))
        whole = ((4 * most - 1).bit_length() + 1) // 2
        return NORM_WIDTH - 1 - whole

    @property
    def scale_frac(self) -> int:
        """Fraction bits of gamma times a normalized element."""
        return self.norm_frac + self.gamma_frac

    @cached_property
    def root(self) -> Table:
        """Reciprocal root of the mantissa of V."""
        out = Fixed(ROOT_FRACTION, ROOT_FRACTION, signed=False)
        return reciprocal_root(fraction=ROOT_FRACTION, out=out, address=8)

    @property
    def statistics_latency(self) -> int:
        """Cycles from a row's last beat accepted to its first element entering normalization."""
        total = RowStatistics.total_latency(self.lanes)
        variance = RowStatistics.variance_latency(self.variance_width, self.root)
        return total + variance + queue_latency(2)

    @property
    def depth(self) -> int:
        """Beats of the row queue that keep one beat a cycle: a row, and what arrives meanwhile."""
        return self.beats + self.statistics_latency

    @property
    def rows(self) -> int:
        """Complete or partly read rows that the row queue can hold."""
        return (self.depth - 1) // self.beats + 1

    @property
    def words(self) -> Fixed:
        """A word of ``i_affine``."""
        if self.centered:
            return AFFINE
        return GAMMA if self.gamma_width == GAMMA.width else WIDE_GAMMA

    @property
    def gamma_width(self) -> int:
        return gamma_width(self.out)

    @property
    def ports(self) -> tuple[Port, ...]:
        columns = KernelLoop("c", self.heads * self.features, self.lanes)
        nest = KernelNest((KernelLoop("t", self.tokens), columns))
        each, channel = (index(t=1), index(c=1)), (index(), index(c=1))
        return (
            Port("i", nest.input(Operand(fmt=self.source, access=each))),
            Port("i_affine", nest.input(Operand(fmt=self.words, access=channel)), Role.PARAMETER),
            Port("o", nest.output(Operand(fmt=self.out, access=each))),
        )

    @staticmethod
    def affine(gamma: Ints, beta: Ints) -> Ints:
        """The tensor of port ``i_affine`` of a centered norm for codes of gamma and beta."""
        low = np.asarray(gamma, dtype=np.int64) & 0xFFFF
        high = np.asarray(beta, dtype=np.int64) & 0xFFFF
        return (low | high << 16).reshape(1, -1)

    def golden(self, x: Ints, gamma: Ints, beta: Ints | None = None) -> Ints:
        """Output codes (n, heads * features) of input codes and affine codes (heads * features)."""
        shape = np.shape(x)
        x = np.asarray(x, dtype=np.int64).reshape(-1, self.features)
        total = x.sum(axis=1) if self.centered else np.zeros(len(x), dtype=np.int64)
        squares = (x * x).sum(axis=1)
        exponent = np.empty(len(x), dtype=np.int64)
        mantissa = np.empty(len(x), dtype=np.int64)
        for row, (s1, s2) in enumerate(zip(total.tolist(), squares.tolist(), strict=True)):
            variance = self.count * s2 - s1 * s1 + self.offset
            top = variance.bit_length() - 1
            kept = (variance << ROOT_FRACTION) >> top
            exponent[row] = top >> 1
            mantissa[row] = (top & 1) << ROOT_FRACTION | kept & ((1 << ROOT_FRACTION) - 1)
        root = self.root.evaluate(mantissa)[:, None]
        difference = self.count * x - total[:, None]
        shifted = (difference << self.norm_frac) >> exponent[:, None]
        # A cut number stands for the middle of what it may have been: half an LSB more.
        norm = round_shift(shifted * root + (root >> 1), ROOT_FRACTION).reshape(shape)
        sums = norm * np.asarray(gamma, dtype=np.int64)
        if beta is not None:
            sums += np.asarray(beta, dtype=np.int64) << (self.scale_frac - self.beta_frac)
        return self.out.saturate(round_shift(sums, self.scale_frac))

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        words = np.asarray(inputs["i_affine"], dtype=np.int64).reshape(-1)
        if not self.centered:
            return {"o": self.golden(inputs["i"], words)}
        gamma, beta = (((half & 0xFFFF) ^ 0x8000) - 0x8000 for half in (words, words >> 16))
        return {"o": self.golden(inputs["i"], gamma, beta)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        drain = credit_latency(NORMALIZE)
        return Timing(
            latency=self.beats - 1 + self.statistics_latency + drain,
            interval=self.port("i").type.beats(symbol_values),
            drain=drain,
        )

    def behaviour(self) -> Behaviour:
        return Behaviour(ahead=lambda _, timing: self.beats - 1, late_parameters=True)

    def resources(self) -> Resources:
        normalized = (
            (NORM_WIDTH, ROOT_FRACTION),
            (NORM_WIDTH, self.gamma_width),
        ) * self.lanes
        squares = square_multipliers(self.source.width) * self.lanes
        shape = self.port("o").type
        memories = (
            queue_memory(self.lanes * self.source.width, self.depth),
            queue_memory(self.sum_width, self.rows) if self.centered else None,
            queue_memory(self.root_width, self.rows),
            credit_memory(shape.beat_bits, NORMALIZE),
        )
        lookup = TableLookup.resources_of(self.root, 1)
        w, v = self.source.width, self.variance_width
        total = self.sum_width if self.centered else 0
        ways = 3 * w + square_registers(w) + w + 2 * total + 2 * self.out.width + 138
        deep = w if queue_latency(self.depth) > 1 else 0  # output register of the row queue
        # A constant or one word is added inside the multiplier; with beta there are two.
        scaled, weighted = NORM_WIDTH + ROOT_FRACTION, NORM_WIDTH + self.gamma_width
        inside = scaled if self.centered else scaled + weighted
        held = inside + NORM_WIDTH + (0 if self.centered else weighted)
        # Without a mean nothing is subtracted from an element, and there is no beta to add or keep.
        less = 0 if self.centered else w + scaled
        kept = (29, 8) if self.centered else (self.gamma_width, 7)
        sums = square_registers(total) + 3 * total if total else 0
        once = sums + 6 * v + lookup.ffs + 220
        return Resources(
            luts=self.lanes * (2 * total + 5 * w + 105 - less - inside) + 2 * total + 13 * v - 50,
            ffs=self.lanes * (ways + deep - held) + once + 3 * w,
            dsp_luts=self.lanes * inside,
            dsp_ffs=self.lanes * held,
            delays=((kept[0] * self.lanes, kept[1]),),
            multipliers=squares
            + (square_multipliers(self.sum_width) if self.centered else ())
            + lookup.multipliers
            + normalized,
            memories=tuple(m for m in memories if m) + lookup.memories,
        )

    def create(self) -> wiring.Component:
        return NormKernel(spec=self)


class NormKernel(wiring.Component):
    """Hardware of ``NormSpec``."""

    def __init__(self, *, spec: NormSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.beats = beats = Queue(shape=self.i.p.shape(), depth=spec.depth)
        m.submodules.statistics = statistics = RowStatistics(
            shape=spec.source.shape,
            lanes=spec.lanes,
            beats=spec.beats,
            offset=spec.offset,
            width=spec.variance_width,
            root=spec.root,
            centered=spec.centered,
            counted=spec.count,
        )
        # A row leaves these queues with its last beat, so the beats bound their levels.
        total: Value = Const(0)
        scale = data.StructLayout(
            {"exponent": statistics.exponent.shape(), "root": statistics.root.shape()}
        )
        m.submodules.roots = roots = Queue(shape=scale, depth=spec.rows)
        m.submodules.bracket = bracket = Credit(shape=self.o.p.shape(), latency=NORMALIZE)
        count = Signal(range(spec.beats))
        last = Signal()
        m.d.comb += [
            beats.i.p.eq(self.i.p),
            beats.i.valid.eq(self.i.valid),
            self.i.ready.eq(beats.i.ready),
            statistics.element.eq(self.i.p),
            statistics.valid.eq(self.i.valid & self.i.ready),
            roots.i.p.exponent.eq(statistics.exponent),
            roots.i.p.root.eq(statistics.root),
            roots.i.valid.eq(statistics.root_valid),
            self.i_affine.ready.eq(bracket.may_enter & beats.o.valid & roots.o.valid),
            bracket.enter.eq(self.i_affine.ready & self.i_affine.valid),
            last.eq(count == spec.beats - 1),
            beats.o.ready.eq(bracket.enter),
            roots.o.ready.eq(bracket.enter & last),
            bracket.i_valid.eq(delayed(m, bracket.enter, NORMALIZE, reset=True)),
        ]
        if spec.centered:
            m.submodules.totals = totals = Queue(shape=statistics.total.shape(), depth=spec.rows)
            m.d.comb += [
                totals.i.p.eq(statistics.total),
                totals.i.valid.eq(statistics.total_valid),
                totals.o.ready.eq(bracket.enter & last),
            ]
            total = delayed(m, totals.o.p, 2)
        with m.If(bracket.enter):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
        root = delayed(m, roots.o.p.root, 5)
        row = {
            "total": total,
            "exponent": delayed(m, roots.o.p.exponent, 3),
            "fine": delayed(m, roots.o.p.exponent[:3], 4),
            "root": root,
            # half an LSB for what the shift cut, half to round
            "half": delayed(m, (root >> 1) + (1 << (ROOT_FRACTION - 1)), 1),
        }
        for lane in range(spec.lanes):
            affine = self.i_affine.p[lane]
            result = self._normalize(m, beats.o.p[lane], affine, row)
            m.d.comb += bracket.i_payload[lane].eq(result)
        wiring.connect(m, bracket.o, wiring.flipped(self.o))
        return m

    def _normalize(self, m: Module, element: Value, affine: Value, row: dict[str, Value]) -> Value:
        spec = self.spec
        element = delayed(m, element, 1)
        gamma = delayed(m, affine[: spec.gamma_width].as_signed(), 7)
        beta = delayed(m, affine[16:].as_signed(), 8) if spec.centered else Const(0)
        product = delayed(m, scaled(element, spec.count), 1)
        difference = Signal(signed(spec.sum_width + 1), reset_less=True)
        coarse = Signal(signed(NORM_WIDTH + 7), reset_less=True)
        shifted = Signal(signed(NORM_WIDTH), reset_less=True)
        norm = Signal(signed(NORM_WIDTH), reset_less=True)
        up = Cat(Const(0, spec.norm_frac), difference).as_signed()
        total = Cat(Const(0, spec.scale_frac - spec.beta_frac), beta).as_signed()
        half = 1 << (spec.scale_frac - 1) if spec.scale_frac else 0
        m.d.sync += [
            difference.eq(product - row["total"]),
            coarse.eq(up >> (row["exponent"][3:] << 3)),
            shifted.eq(coarse >> row["fine"]),
        ]
        scaled_up = delayed(m, shifted * row["root"], 1)
        m.d.sync += norm.eq((scaled_up + row["half"]) >> ROOT_FRACTION)
        weighted = delayed(m, norm * gamma, 1)
        summed = delayed(m, (weighted + total + half) >> spec.scale_frac, 1)
        return delayed(m, saturated(summed, spec.out), 1)
