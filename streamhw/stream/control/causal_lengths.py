# SPDX-License-Identifier: Apache-2.0
"""Lengths of the rows of attention: how many positions pass for each token of a batch."""

from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.utils import ceil_log2
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ..itensor.itensor import ITensor, Loop, Symbol, SymbolValues
from ..skid import Skid
from ..spec import KernelSpec, Port, Resources, Role, Tensors, Timing, raw
from .row_windows import RowWindows, width_of
from .step_layout import span_layout

__all__ = ["CausalLengths", "CausalLengthsKernel"]


@dataclass(frozen=True, kw_only=True)
class CausalLengths(KernelSpec):
    """The causal length of each row of attention: token t of a batch sees position + t + 1, or as
    many as its row has where layers have windows. Or how often ``positions`` of them pass: that
    divided, and rounded up. Or how many of the first are hidden.

    Shapes      i: {tokens, position} (``span_layout``), and the layer with windows; o: [tokens,
                heads], one value a beat
    Formats     unsigned
    Parameters  tokens, context: bounds; heads: rows of a token; positions: a power of two; windows:
                of the layers; hidden: whether o counts hidden positions
    Timing      interval = tokens * heads cycles; latency = 2 cycles; drain = tokens * heads + 1
    Buffers     2 values, in registers
    Stalls      lossless; output independent of stalls; no combinational path between ports
    Raises      ValueError: if a parameter is less than 1, positions no power of two, or positions
                are hidden where there are no windows
    """

    tokens: int
    context: int
    heads: int
    positions: int = 1
    windows: RowWindows = field(default_factory=RowWindows)
    hidden: bool = False

    def __post_init__(self) -> None:
        if min(self.tokens, self.context, self.heads, self.positions) < 1:
            raise ValueError(f"Lengths parameters must be at least 1, not {self}")
        if self.positions & (self.positions - 1):
            raise ValueError(f"Lengths positions must be a power of two, not {self.positions}")
        if self.hidden and not self.windows.most_hidden:
            raise ValueError(f"Lengths hidden must be false without windows, not {self.hidden}")

    @property
    def layout(self) -> data.StructLayout:
        """Payload of ``i``."""
        layers = len(self.windows.widths) or None
        return span_layout(tokens=self.tokens, context=self.context, layers=layers)

    @property
    def most(self) -> int:
        """The largest value."""
        return self.windows.most_hidden if self.hidden else -(-self.context // self.positions)

    @property
    def ports(self) -> tuple[Port, ...]:
        loops = (Loop(Symbol("tokens", self.tokens), 1, 0), Loop(self.heads, 1, 1))
        fmt = Fixed(self.most.bit_length(), signed=False)
        return (
            Port("i", raw(self.layout.size), Role.STEP, fields=tuple(self.layout.members)),
            Port("o", ITensor(fmt, (1, 1), loops)),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        span = self.layout.from_bits(int(np.asarray(inputs["i"]).flat[0]))
        layer = span.layer if self.windows.widths else 0
        values = np.zeros((self.tokens, self.heads), dtype=np.int64)
        for position in range(span.position, span.position + span.tokens):
            if self.hidden:
                value = self.windows.hidden(position, layer)
            else:
                value = -(-self.windows.length(position, layer) // self.positions)
            values[position - span.position] = value
        return {"o": values}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        beats = self.port("o").type.beats(symbol_values)
        return Timing(latency=2, interval=beats, drain=beats + 1)

    def resources(self) -> Resources:
        bits = 3 * self.context.bit_length() + self.tokens.bit_length() + self.heads.bit_length()
        if self.windows.widths:
            bits += 2 * self.context.bit_length()
        return Resources(luts=2 * bits, ffs=bits + 4)

    def create(self) -> "CausalLengthsKernel":
        return CausalLengthsKernel(self)


class CausalLengthsKernel(wiring.Component):
    """Hardware of ``CausalLengths``: counters of heads and tokens before a skid buffer."""

    def __init__(self, spec: CausalLengths):
        self._spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        span = data.View(spec.layout, Value.cast(self.i.payload))
        m.submodules.skid = skid = Skid(shape=spec.port("o").type.fmt.shape)
        active = Signal()
        length = Signal(range(spec.context + 1))
        left = Signal(range(spec.tokens + 1))
        head = Signal(range(max(2, spec.heads)))  # a net of zero bits draws warnings
        row_end, ending = Signal(), Signal()
        value: Value = length
        if spec.windows.widths:
            width = Signal(range(spec.context + 1))
            with m.If(self.i.ready):
                m.d.sync += width.eq(width_of(span.layer, spec.windows.widths))
            past = Signal()  # what is before the window has positions
            hidden = Signal(range(max(2, spec.windows.together)))
            m.d.comb += [
                past.eq(length > width),
                hidden.eq(Mux(past, (length - width)[: ceil_log2(spec.windows.together)], 0)),
            ]
            value = hidden if spec.hidden else Mux(past, width, length) + hidden
        if spec.positions > 1 and not spec.hidden:
            value = value + spec.positions - 1 >> ceil_log2(spec.positions)
        m.d.comb += [
            row_end.eq(active & skid.i.ready & (head == spec.heads - 1)),
            ending.eq(row_end & (left == 1)),
            self.i.ready.eq(~active | ending),
            skid.i.valid.eq(active),
            skid.i.payload.eq(value),
            Value.cast(self.o.payload).eq(skid.o.payload),
            self.o.valid.eq(skid.o.valid),
            skid.o.ready.eq(self.o.ready),
        ]
        with m.If(active & skid.i.ready):
            m.d.sync += head.eq(Mux(row_end, 0, head + 1))
        with m.If(row_end):
            m.d.sync += [length.eq(length + 1), left.eq(left - 1)]
        with m.If(self.i.ready):
            m.d.sync += [
                active.eq(self.i.valid),
                left.eq(span.tokens),
                length.eq(span.position + 1),
            ]
        return m
