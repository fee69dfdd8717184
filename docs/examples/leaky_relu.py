# SPDX-License-Identifier: Apache-2.0
"""Leaky ReLU as a kernel of another package: spec and hardware."""

from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from numpy.typing import NDArray

from streamhw.numerics.fixed import Fixed, round_shift
from streamhw.stream.credit import Credit, credit_latency, credit_memory
from streamhw.stream.itensor.itensor import ITensor, SymbolValues
from streamhw.stream.pipeline import delayed
from streamhw.stream.rounding import rounded, saturated
from streamhw.stream.signature import lanes_of
from streamhw.stream.spec import KernelSpec, Port, Resources, Tensors, Timing

__all__ = ["LeakyReluKernel", "LeakyReluSpec"]

SLOPE_FRAC = 8
"""Fraction bits of the slope."""
LATENCY = 3
"""Registers from operand to result: input, product, rounding and saturation."""


@dataclass(frozen=True, kw_only=True)
class LeakyReluSpec(KernelSpec):
    """Elementwise x where it is positive, else ``slope * 2**-8 * x``.

    Shapes      i, o: any tensor, both in the order of ``type``
    Formats     i: ``type.fmt``; o: ``out``, rounded half up and saturated once
    Parameters  type: order, tile and format of i; slope: 0 to 256, in units of 2**-8; out: format
    Timing      interval = type.beats() cycles; latency = drain = 4 cycles; a beat each cycle
    Buffers     5 beats in the queue of the credit bracket
    Error       half an LSB of ``out``, or saturation; the slope is exact in units of 2**-8
    Stalls      lossless; no combinational path from i.valid to o.valid or from o.ready to i.ready
    Raises      ValueError: if the slope is out of range, or ``out`` is finer than the product
    Source      none
    """

    type: ITensor
    slope: int
    out: Fixed

    def __post_init__(self) -> None:
        if not 0 <= self.slope <= 1 << SLOPE_FRAC:
            raise ValueError(f"slope must be 0 to {1 << SLOPE_FRAC}, not {self.slope}")
        if self.shift < 0:
            raise ValueError(
                f"out must have at most {self.type.fmt.frac + SLOPE_FRAC} fraction bits, "
                f"not {self.out.frac}"
            )

    @property
    def shift(self) -> int:
        """Fraction bits that the product loses."""
        return self.type.fmt.frac + SLOPE_FRAC - self.out.frac

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port("i", self.type), Port("o", replace(self.type, fmt=self.out)))

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        x = np.asarray(inputs["i"], dtype=np.int64)
        product = x * np.where(x < 0, self.slope, 1 << SLOPE_FRAC)
        return {"o": self.out.saturate(round_shift(product, self.shift))}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        latency = credit_latency(LATENCY)
        return Timing(latency=latency, interval=self.type.beats(symbol_values), drain=latency)

    def resources(self) -> Resources:
        lanes, width = self.type.lanes, self.type.fmt.width
        product = width + SLOPE_FRAC + 2
        queue = credit_memory(lanes_of(self.port("o").type), LATENCY)
        return Resources(
            luts=lanes * (product + 2 * self.out.width) + 10,
            ffs=lanes * (width + product + self.out.width) + 16,
            multipliers=((width, SLOPE_FRAC + 2),) * lanes,
            memories=(queue,) if queue else (),
        )

    def create(self) -> "LeakyReluKernel":
        return LeakyReluKernel(spec=self)


class LeakyReluKernel(wiring.Component):
    """Hardware of ``LeakyReluSpec``."""

    def __init__(self, *, spec: LeakyReluSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(shape=lanes_of(spec.port("o").type), latency=LATENCY)
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        m.d.comb += [
            self.i.ready.eq(credit.may_enter),
            credit.enter.eq(credit.may_enter & self.i.valid),
            credit.i_valid.eq(delayed(m, credit.enter, LATENCY, reset=True)),
        ]
        for lane in range(spec.type.lanes):
            x = delayed(m, self.i.p[lane], 1)
            product = Signal(signed(spec.type.fmt.width + SLOPE_FRAC + 2), name=f"product_{lane}")
            m.d.sync += product.eq(x * Mux(x < 0, spec.slope, 1 << SLOPE_FRAC))
            moved = rounded(product, spec.shift)
            wide = Signal(moved.shape(), name=f"wide_{lane}")
            m.d.comb += wide.eq(moved)
            m.d.comb += credit.i_payload[lane].eq(delayed(m, saturated(wide, spec.out), 1))
        return m
