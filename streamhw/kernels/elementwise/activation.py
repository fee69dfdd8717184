# SPDX-License-Identifier: Apache-2.0
"""Elementwise activation function by table, with a multiplier an element for the output scale."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed, round_shift
from ...numerics.functions import ElementwiseFunction
from ...numerics.tables import TailedTable, activation
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.pipeline import delayed
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Port, Resources, Role, Tensors, Timing
from ...stream.table_lookup import TableLookup

__all__ = ["ActivationKernel", "ActivationSpec"]

Ints = NDArray[np.int64]

INT8 = Fixed(8)
LOOKUP = 4
"""Registers of the function: those of a piecewise linear lookup."""
FUNCTION = 1 + LOOKUP + 1
"""Registers from an operand to its function: input, function, tails."""
SCALING = 3
"""Registers of the multiplier: product, rounding, saturation."""


@dataclass(frozen=True, kw_only=True)
class ActivationSpec(KernelSpec):
    """Elementwise ``function(x) * m``, each element with its own multiplier m, or without one.

    Only the part around zero, where the function is neither 0 nor x, is in a table of straight
    lines; the rest is wired::

        i -------> table (core) --> choose --> * --> round, saturate --> o
             +---> 0 or x --------/            |
        i_scale -------------------------------+

    Shapes      i, o: any tensor in the order of ``type``; i_scale: one word an element of i, in
                the order of i: any type with as many beats and lanes (channels read again); there
                is no such port without ``scale``
    Formats     i: ``type.fmt``, at most 20 bits; function: ``inner``; i_scale: 16 bits unsigned;
                o = saturate(round_shift(y * m, multiplier_frac)), integers of ``out`` whose scale
                is folded in m; without ``scale`` o = y, and ``out`` is ``inner``
    Parameters  function: which; type: order, tile and format of i; scale: type of i_scale;
                out, inner: formats; multiplier_frac: fraction bits that the product loses
    Timing      interval = type.beats() cycles; latency = drain = 10 cycles, 7 without ``scale``;
                a beat each cycle
    Buffers     11 beats (8) in the queue of the credit bracket; one memory for two lanes
    Error       |y - function(x)| <= ``table.max_error`` <= 1 LSB of ``inner``, found by trying
                every code; then half an LSB of ``out``; where a format ends its last code counts
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if a format is out of range, the two input types do not match, or no
                table is good to 1 LSB
    Source      none: tables from the exact functions
    """

    function: ElementwiseFunction
    type: ITensor
    scale: ITensor | None
    out: Fixed = INT8
    inner: Fixed
    multiplier_frac: int = 0

    def __post_init__(self) -> None:
        if self.scale is None:
            if self.out != self.inner or self.multiplier_frac:
                raise ValueError(f"out must be {self.inner} without scale, not {self.out}")
        elif self.scale.fmt.signed or self.scale.fmt.width != 16:
            raise ValueError(f"scale must have 16 bits unsigned, not {self.scale.fmt}")
        else:
            for name, mine, other in (
                ("lanes", self.scale.lanes, self.type.lanes),
                ("beats", self.scale.beats(), self.type.beats()),
            ):
                if mine != other:
                    raise ValueError(f"scale must have {other} {name} as type has, not {mine}")
        if not self.type.fmt.signed or not self.inner.signed or not self.out.signed:
            raise ValueError(
                f"type, inner and out must be signed, "
                f"not {self.type.fmt}, {self.inner} and {self.out}"
            )
        if self.inner.width > 24:
            raise ValueError(f"inner must have at most 24 bits, not {self.inner.width}")
        if not 0 <= self.multiplier_frac <= 40:
            raise ValueError(f"multiplier_frac must be 0 to 40, not {self.multiplier_frac}")
        _ = self.table

    @cached_property
    def table(self) -> TailedTable:
        """The function as the hardware has it."""
        return activation(self.function, source=self.type.fmt, out=self.inner)

    @property
    def depth(self) -> int:
        """Registers from operands to result."""
        return FUNCTION if self.scale is None else FUNCTION + SCALING

    @property
    def ports(self) -> tuple[Port, ...]:
        scale = () if self.scale is None else (Port("i_scale", self.scale, Role.PARAMETER),)
        return (Port("i", self.type), *scale, Port("o", replace(self.type, fmt=self.out)))

    def golden(self, x: Ints, multipliers: Ints | None = None) -> Ints:
        """Output codes of input codes and multipliers, arrays of shapes that broadcast."""
        if multipliers is None:
            return self.table.evaluate(x)
        product = self.table.evaluate(x) * np.asarray(multipliers, dtype=np.int64)
        return self.out.saturate(round_shift(product, self.multiplier_frac))

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        x = self.type.pack(inputs["i"], symbol_values)
        multipliers = None
        if self.scale is not None:
            multipliers = self.scale.pack(inputs["i_scale"], symbol_values)
        return {"o": self.type.unpack(self.golden(x, multipliers), symbol_values)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        latency = credit_latency(self.depth)
        return Timing(latency=latency, interval=self.type.beats(symbol_values), drain=latency)

    def resources(self) -> Resources:
        lanes = self.type.lanes
        core = self.table.core
        lookup = TableLookup.resources_of(core, lanes) if core else Resources()
        queue = credit_memory(lanes_of(self.port("o").type), self.depth)
        x, y, product = self.type.fmt.width, self.inner.width, self.inner.width + 17
        scaled = 0 if self.scale is None else lanes
        return Resources(
            luts=lookup.luts + lanes * y + scaled * self.out.width + 40,
            muxes=2 * scaled * self.out.width,
            ffs=lookup.ffs + lanes * (x + 4 * (y + 1) + y) + scaled * 2 * 16 + 30,
            dsp_ffs=scaled * product,
            delays=((8 * scaled, 8),) if scaled else (),
            multipliers=lookup.multipliers + ((y, 16),) * scaled,
            memories=lookup.memories + ((queue,) if queue else ()),
        )

    def create(self) -> "ActivationKernel":
        return ActivationKernel(spec=self)


class ActivationKernel(wiring.Component):
    """Hardware of ``ActivationSpec``."""

    def __init__(self, *, spec: ActivationSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        lanes, inner = spec.type.lanes, spec.inner
        core = spec.table.core
        shape = lanes_of(spec.port("o").type)
        m.submodules.credit = credit = Credit(shape=shape, latency=spec.depth)
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        scaled: Value = Const(1)
        if spec.scale is not None:
            scaled = self.i_scale.valid
            m.d.comb += self.i_scale.ready.eq(credit.may_enter & self.i.valid)
        m.d.comb += [
            self.i.ready.eq(credit.may_enter & scaled),
            credit.enter.eq(credit.may_enter & self.i.valid & scaled),
            credit.i_valid.eq(delayed(m, credit.enter, spec.depth, reset=True)),
        ]
        lookup = None
        if core is not None:
            m.submodules.lookup = lookup = TableLookup(table=core, lanes=lanes)
        for lane in range(lanes):
            x = delayed(m, self.i.p[lane], 1)
            # The upper tail: x in the inner format. It is computed once the table is at work.
            moved = rounded(x, spec.type.fmt.frac - inner.frac)
            wide = Signal(moved.shape(), name=f"wide_{lane}", reset_less=True)
            m.d.sync += wide.eq(moved)
            negative = delayed(m, x[-1], 1)
            straight = Signal(inner.shape, name=f"straight_{lane}", reset_less=True)
            m.d.sync += straight.eq(Mux(negative, 0, saturated(wide, inner)))
            chosen = delayed(m, straight, LOOKUP - 2)
            if lookup is not None and core is not None:
                top = x[core.input.width - 1 :]
                inside = delayed(m, top.all() | ~top.any(), LOOKUP)
                value = self._latest(m, lookup, lane)
                m.d.comb += lookup.code[lane].eq(x)
                chosen = Mux(inside, value, chosen)
            y = delayed(m, chosen, 1)
            if spec.scale is None:
                m.d.comb += credit.i_payload[lane].eq(y)
                continue
            multiplier = delayed(m, self.i_scale.p[lane], FUNCTION)
            product = Signal(signed(inner.width + 17), name=f"product_{lane}", reset_less=True)
            total = Signal(signed(inner.width + 18), name=f"total_{lane}", reset_less=True)
            m.d.sync += [
                product.eq(y * multiplier),
                total.eq(rounded(product, spec.multiplier_frac)),
            ]
            result = delayed(m, saturated(total, spec.out), 1)
            m.d.comb += credit.i_payload[lane].eq(result)
        return m

    @staticmethod
    def _latest(m: Module, lookup: TableLookup, lane: int) -> Signal:
        """The value of a lookup ``LOOKUP`` cycles after its code; a plain table is faster."""
        value = Signal.like(lookup.value[lane], name=f"value_{lane}")
        m.d.comb += value.eq(delayed(m, lookup.value[lane], LOOKUP - lookup.latency))
        return value
