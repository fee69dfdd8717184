# SPDX-License-Identifier: Apache-2.0
"""The kernel of a norm without statistics: ``tanh(alpha * x) * gamma``."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from numpy.typing import NDArray

from streamhw.numerics.fixed import Fixed, round_shift
from streamhw.numerics.tables import Table, fit
from streamhw.stream.credit import Credit, credit_latency, credit_memory
from streamhw.stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from streamhw.stream.itensor.itensor import Symbol, SymbolValues
from streamhw.stream.pipeline import delayed
from streamhw.stream.rounding import rounded, saturated
from streamhw.stream.signature import lanes_of
from streamhw.stream.spec import KernelSpec, Port, Resources, Role, Tensors, Timing
from streamhw.stream.table_lookup import TableLookup

Ints = NDArray[np.int64]

CURVE = Fixed(16, 15)
"""Results of the table."""
LATENCY = 8
"""Registers: input, code, four of the lookup, product, result."""


@dataclass(frozen=True, kw_only=True)
class TanhNormSpec(KernelSpec):
    """Elementwise ``tanh(alpha * x) * gamma``, with a gamma for each feature.

    features, lanes, tokens: elements of a row and of a beat, rows; source, out: of i and o; code:
    the table's operand; gamma_frac: fraction bits of gamma (s16), in units of out
    """

    features: int
    lanes: int
    tokens: int | Symbol
    source: Fixed
    code: Fixed
    out: Fixed
    alpha: float
    gamma_frac: int

    @cached_property
    def table(self) -> Table:
        a = self.alpha
        return fit("tanh", lambda x: np.tanh(a * x), source=self.code, out=CURVE, address=7)

    @property
    def ports(self) -> tuple[Port, ...]:
        columns = KernelLoop("c", self.features, self.lanes)
        nest = KernelNest((KernelLoop("t", self.tokens), columns))
        each, channel = (index(t=1), index(c=1)), (index(), index(c=1))
        return (
            Port("i", nest.input(Operand(fmt=self.source, access=each))),
            Port("i_gamma", nest.input(Operand(fmt=Fixed(16), access=channel)), Role.PARAMETER),
            Port("o", nest.output(Operand(fmt=self.out, access=each))),
        )

    def golden(self, x: Ints, gamma: Ints) -> Ints:
        curve = self.table.evaluate(self.code.requantize(x, self.source))
        return self.out.saturate(round_shift(curve * gamma, CURVE.frac + self.gamma_frac))

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, Ints]:
        return {"o": self.golden(inputs["i"], inputs["i_gamma"])}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        latency = credit_latency(LATENCY)
        beats = self.port("i").type.beats(symbol_values)
        return Timing(latency=latency, interval=beats, drain=latency)

    def resources(self) -> Resources:
        lookup = TableLookup.resources_of(self.table, self.lanes)
        queue = credit_memory(lanes_of(self.port("o").type), LATENCY)
        return Resources(
            luts=lookup.luts + self.lanes * (self.source.width + 2 * self.out.width) + 20,
            ffs=lookup.ffs + self.lanes * (self.source.width + 6 * 16 + 48),
            multipliers=(*lookup.multipliers, *((16, 16),) * self.lanes),
            memories=(*lookup.memories, *((queue,) if queue else ())),
        )

    def create(self) -> "TanhNormKernel":
        return TanhNormKernel(spec=self)


class TanhNormKernel(wiring.Component):
    """Hardware of ``TanhNormSpec``: free-running inside a credit bracket."""

    def __init__(self, *, spec: TanhNormSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m, spec, lanes = Module(), self.spec, self.spec.lanes
        m.submodules.credit = credit = Credit(shape=lanes_of(spec.port("o").type), latency=LATENCY)
        m.submodules.lookup = lookup = TableLookup(table=spec.table, lanes=lanes)
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        m.d.comb += [
            self.i.ready.eq(credit.may_enter & self.i_gamma.valid),
            self.i_gamma.ready.eq(credit.may_enter & self.i.valid),
            credit.enter.eq(credit.may_enter & self.i.valid & self.i_gamma.valid),
            credit.i_valid.eq(delayed(m, credit.enter, LATENCY, reset=True)),
        ]
        for lane in range(lanes):
            moved = rounded(delayed(m, self.i.p[lane], 1), spec.source.frac - spec.code.frac)
            x = Signal(moved.shape(), name=f"x_{lane}")
            m.d.comb += x.eq(moved)
            m.d.comb += lookup.code[lane].eq(delayed(m, saturated(x, spec.code), 1))
            gamma = delayed(m, self.i_gamma.p[lane], 6)
            product = delayed(m, lookup.value[lane] * gamma, 1)
            product = rounded(product, CURVE.frac + spec.gamma_frac)
            y = Signal(product.shape(), name=f"y_{lane}")
            m.d.comb += y.eq(product)
            m.d.comb += credit.i_payload[lane].eq(delayed(m, saturated(y, spec.out), 1))
        return m
