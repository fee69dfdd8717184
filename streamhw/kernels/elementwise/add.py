# SPDX-License-Identifier: Apache-2.0
"""Elementwise sum of two streams of the same order."""

from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed, round_shift
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Port, Resources, Tensors, Timing

__all__ = ["AddKernel", "AddSpec"]

_LATENCY = 3
"""Registers from the operands to the result: align, add, round and saturate."""


@dataclass(frozen=True, kw_only=True)
class AddSpec(KernelSpec):
    """Elementwise ``a + b``: a residual connection.

    Both operands are aligned to the finer step by an exact left shift, added without loss, and
    rounded half up and saturated to the output once.

    Shapes      i_a, i_b, o: any tensor, all three in the order of ``type``
    Formats     i_a: ``a``; i_b: ``b``; o: ``out``; the sum has all bits of both
    Parameters  type: order and tile (its format is not used); a, b, out: number formats
    Timing      interval = type.beats() cycles; latency = drain = 4 cycles
    Buffers     5 beats in the queue of the credit bracket
    Error       half an LSB of ``out``, 0 if ``out`` is as fine as both operands; or saturation
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if the sum needs more than 62 bits
    Source      none: two shifts and an adder
    """

    type: ITensor
    a: Fixed
    b: Fixed
    out: Fixed

    def __post_init__(self) -> None:
        if self.sum_shape.width > 62:
            raise ValueError(f"Add sum must have at most 62 bits, not {self.sum_shape.width}")

    @property
    def frac(self) -> int:
        """Fraction bits of the exact sum."""
        return max(self.a.frac, self.b.frac)

    @property
    def sum_shape(self) -> Shape:
        """Shape of the exact sum."""
        widths = [f.width + int(not f.signed) + self.frac - f.frac for f in (self.a, self.b)]
        return Shape(max(widths) + 1, signed=True)

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i_a", replace(self.type, fmt=self.a)),
            Port("i_b", replace(self.type, fmt=self.b)),
            Port("o", replace(self.type, fmt=self.out)),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        a = np.asarray(inputs["i_a"], dtype=np.int64) << (self.frac - self.a.frac)
        b = np.asarray(inputs["i_b"], dtype=np.int64) << (self.frac - self.b.frac)
        shift = self.frac - self.out.frac
        total = round_shift(a + b, shift) if shift >= 0 else (a + b) << -shift
        return {"o": self.out.saturate(total)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        latency = credit_latency(_LATENCY)
        return Timing(latency=latency, interval=self.type.beats(symbol_values), drain=latency)

    def resources(self) -> Resources:
        lanes, total = self.type.lanes, self.sum_shape.width
        queue = credit_memory(lanes_of(self.port("o").type), _LATENCY)
        fewer = self.frac - self.out.frac  # bits behind the point that rounding takes away
        rounding = total if fewer > 0 else 0
        # A sum that is narrower than the result is not clamped, and its sign is one register.
        clamped = self.out.width if total - fewer > self.out.width else 0
        result = min(self.out.width, total - min(fewer, 0))
        return Resources(
            luts=lanes * (total + rounding + clamped) + 25,
            ffs=lanes * (self.a.width + self.b.width + total + result) + 16,
            memories=(queue,) if queue else (),
        )

    def create(self) -> "AddKernel":
        return AddKernel(spec=self)


class AddKernel(wiring.Component):
    """Hardware of ``AddSpec``."""

    def __init__(self, *, spec: AddSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(shape=lanes_of(spec.port("o").type), latency=_LATENCY)
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        busy = Signal(_LATENCY)
        m.d.comb += [
            self.i_a.ready.eq(credit.may_enter & self.i_b.valid),
            self.i_b.ready.eq(credit.may_enter & self.i_a.valid),
            credit.enter.eq(credit.may_enter & self.i_a.valid & self.i_b.valid),
            credit.i_valid.eq(busy[-1]),
        ]
        m.d.sync += busy.eq((busy << 1) | credit.enter)
        for lane in range(spec.type.lanes):
            a = Signal(spec.a.shape, name=f"a_{lane}", reset_less=True)
            b = Signal(spec.b.shape, name=f"b_{lane}", reset_less=True)
            total = Signal(spec.sum_shape, name=f"sum_{lane}", reset_less=True)
            result = Signal(spec.out.shape, name=f"result_{lane}", reset_less=True)
            moved = rounded(total, spec.frac - spec.out.frac)
            wide = Signal(moved.shape(), name=f"wide_{lane}")
            m.d.comb += [wide.eq(moved), credit.i_payload[lane].eq(result)]
            m.d.sync += [
                a.eq(self.i_a.p[lane]),
                b.eq(self.i_b.p[lane]),
                total.eq((a << (spec.frac - spec.a.frac)) + (b << (spec.frac - spec.b.frac))),
                result.eq(saturated(wide, spec.out)),
            ]
        return m
