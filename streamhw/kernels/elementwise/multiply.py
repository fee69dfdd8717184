# SPDX-License-Identifier: Apache-2.0
"""Elementwise product of two streams, with a multiplier an element for the output scale."""

from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed, round_shift
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.pipeline import delayed
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Port, Resources, Role, Tensors, Timing

__all__ = ["MultiplyKernel", "MultiplySpec"]

Ints = NDArray[np.int64]

INT8 = Fixed(8)
LATENCY = 6
"""Registers from operands to result: operands, product, rounding, product, rounding, saturation."""


@dataclass(frozen=True, kw_only=True)
class MultiplySpec(KernelSpec):
    """Elementwise ``a * b * m``, each element with its own multiplier m: a gated layer.

    ::

        i_a, i_b --> * --> round, saturate to inner --> * --> round, saturate --> o
        i_scale ----------------------------------------'

    Shapes      i_a, i_b, o: any tensor, all three in the order of ``type``; i_scale: one word an
                element, in the order of ``type``: any type with as many beats and lanes (channels
                read again)
    Formats     i_a: ``a``; i_b: ``b``; the rounded product: ``inner``; i_scale: 16 bits unsigned;
                o = saturate(round_shift(y * m, multiplier_frac)), integers of ``out`` whose scale
                is folded in m
    Parameters  type: order and tile (its format is not used); scale: type of i_scale; a, b, inner,
                out: signed formats; multiplier_frac: fraction bits that the second product loses
    Timing      interval = type.beats() cycles; latency = drain = 7 cycles; a beat each cycle
    Buffers     8 beats in the queue of the credit bracket
    Error       half an LSB of ``inner`` for the product, half an LSB of ``out``; or saturation
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if a format is out of range, or the types do not match
    Source      none: two multipliers
    """

    type: ITensor
    scale: ITensor
    a: Fixed
    b: Fixed
    inner: Fixed
    out: Fixed = INT8
    multiplier_frac: int

    def __post_init__(self) -> None:
        if self.scale.fmt.signed or self.scale.fmt.width != 16:
            raise ValueError(f"scale must have 16 bits unsigned, not {self.scale.fmt}")
        for name, mine, other in (
            ("lanes", self.scale.lanes, self.type.lanes),
            ("beats", self.scale.beats(), self.type.beats()),
        ):
            if mine != other:
                raise ValueError(f"scale must have {other} {name} as type has, not {mine}")
        for name in ("a", "b", "inner", "out"):
            fmt = getattr(self, name)
            if not fmt.signed or fmt.width > 24:
                raise ValueError(f"{name} must be signed with at most 24 bits, not {fmt}")
        if self.shift < 0:
            raise ValueError(
                f"inner must be no finer than the product of {self.a} and {self.b}, "
                f"not {self.inner}"
            )
        if not 0 <= self.multiplier_frac <= 40:
            raise ValueError(f"multiplier_frac must be 0 to 40, not {self.multiplier_frac}")

    @property
    def shift(self) -> int:
        """Fraction bits that the first product loses."""
        return self.a.frac + self.b.frac - self.inner.frac

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i_a", replace(self.type, fmt=self.a)),
            Port("i_b", replace(self.type, fmt=self.b)),
            Port("i_scale", self.scale, Role.PARAMETER),
            Port("o", replace(self.type, fmt=self.out)),
        )

    def golden(self, a: Ints, b: Ints, multipliers: Ints) -> Ints:
        """Output codes of operand codes and multipliers, arrays of shapes that broadcast."""
        exact = np.asarray(a, dtype=np.int64) * np.asarray(b, dtype=np.int64)
        product = self.inner.saturate(round_shift(exact, self.shift))
        scaled = product * np.asarray(multipliers, dtype=np.int64)
        return self.out.saturate(round_shift(scaled, self.multiplier_frac))

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        a, b = (self.type.pack(inputs[name], symbol_values) for name in ("i_a", "i_b"))
        multipliers = self.scale.pack(inputs["i_scale"], symbol_values)
        return {"o": self.type.unpack(self.golden(a, b, multipliers), symbol_values)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        latency = credit_latency(LATENCY)
        return Timing(latency=latency, interval=self.type.beats(symbol_values), drain=latency)

    def resources(self) -> Resources:
        lanes = self.type.lanes
        queue = credit_memory(lanes_of(self.port("o").type), LATENCY)
        # Rounding half up needs no bits of a product below the half.
        product = self.a.width + self.b.width - max(0, self.shift - 1)
        wide = self.inner.width + 17
        scaled = max(1, wide - max(0, self.multiplier_frac - 1))
        words = self.a.width + self.b.width + self.inner.width + self.out.width
        return Resources(
            luts=lanes * (product + self.inner.width + scaled + self.out.width) + 20,
            ffs=lanes * (words + scaled + 3 * 16) + 30,
            dsp_luts=lanes * wide if self.inner.width > 18 else 0,  # parts of the product
            dsp_ffs=lanes * (product + scaled),
            multipliers=((self.a.width, self.b.width), (self.inner.width, 17)) * lanes,
            memories=(queue,) if queue else (),
        )

    def create(self) -> "MultiplyKernel":
        return MultiplyKernel(spec=self)


class MultiplyKernel(wiring.Component):
    """Hardware of ``MultiplySpec``."""

    def __init__(self, *, spec: MultiplySpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(shape=lanes_of(spec.port("o").type), latency=LATENCY)
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        a, b, scale = self.i_a, self.i_b, self.i_scale
        m.d.comb += [
            a.ready.eq(credit.may_enter & b.valid & scale.valid),
            b.ready.eq(credit.may_enter & a.valid & scale.valid),
            scale.ready.eq(credit.may_enter & a.valid & b.valid),
            credit.enter.eq(credit.may_enter & a.valid & b.valid & scale.valid),
            credit.i_valid.eq(delayed(m, credit.enter, LATENCY, reset=True)),
        ]
        exact = Shape(spec.a.width + spec.b.width, signed=True)
        wide = Shape(spec.inner.width + 17, signed=True)
        for lane in range(spec.type.lanes):

            def register(name: str, shape: Shape, lane: int = lane) -> Signal:
                return Signal(shape, name=f"{name}_{lane}", reset_less=True)

            product, moved = register("product", exact), register("moved", exact)
            inner = register("inner", spec.inner.shape)
            scaled, total = register("scaled", wide), register("total", wide)
            m.d.sync += [
                product.eq(delayed(m, a.p[lane], 1) * delayed(m, b.p[lane], 1)),
                scaled.eq(inner * delayed(m, scale.p[lane], 3)),
                total.eq(rounded(scaled, spec.multiplier_frac)),
            ]
            m.d.comb += moved.eq(rounded(product, spec.shift))
            m.d.sync += inner.eq(saturated(moved, spec.inner))
            result = delayed(m, saturated(total, spec.out), 1)
            m.d.comb += credit.i_payload[lane].eq(result)
        return m
