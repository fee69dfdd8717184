# SPDX-License-Identifier: Apache-2.0
"""Requantiser of several lanes: add a bias, multiply, shift with rounding, saturate."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Shape, Signal, Value, ValueLike, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..numerics.fixed import Fixed

__all__ = ["REQUANTISE_LATENCY", "Requantise", "choose", "multiplier_parts", "sum_width"]

REQUANTISE_LATENCY = 9
"""Cycles from operands to result."""

_PART = 17
"""Unsigned bits of an operand that a signed 18-bit multiplier takes."""


def sum_width(accumulator: int) -> int:
    """Bits of accumulator plus 32-bit bias."""
    return max(accumulator, 32) + 1


def multiplier_parts(width: int) -> tuple[int, ...]:
    """Widths of the parts, low first, in which an operand of ``width`` bits is multiplied.

    All but the last are unsigned; each product fits one 18 x 18 multiplier.
    """
    parts = []
    while width > _PART + 1:
        parts.append(_PART)
        width -= _PART
    return (*parts, width)


def choose(select: Value, values: Sequence[ValueLike]) -> Value:
    """The value of that index, as plain multiplexers.

    Not ``Array`` and not ``Switch``: event-driven simulators evaluate those when an input changes,
    and here all inputs may rest from time zero on.
    """
    chosen = Value.cast(values[-1])
    for index in reversed(range(len(values) - 1)):
        chosen = Mux(select == index, values[index], chosen)
    return chosen


class Requantise(wiring.Component):
    """``saturate(round_shift((acc + bias) * mult, shift))`` in a free-running pipeline.

    A part of kernels, not a stream: the credit bracket around it counts beats. The result
    saturates to the format that ``select`` names for the beat. Rounding is half up with one adder:
    shift twice the product, add 1, drop the lowest bit; the shifted value is clamped first, so that
    only the bits of the result go through that adder.

    Parameters  lanes; width: accumulator bits; formats: what results saturate to, by ``select``
    Members     valid: In(1); acc, bias (signed 32), mult (unsigned 16), shift (unsigned 6):
                In(array of lanes); select: In(range(formats)); o_valid, o_select: Out;
                o: Out(array of signed ``result`` bits, low bits are the code)
    Timing      ``REQUANTISE_LATENCY`` = 9 cycles, a beat a cycle
    """

    def __init__(self, *, lanes: int, width: int, formats: Sequence[Fixed]):
        self._lanes = lanes
        self._width = width
        self._formats = tuple(formats)
        self.result = max(f.width + int(not f.signed) for f in formats)
        selects = range(max(2, len(self._formats)))
        super().__init__(
            {
                "valid": In(1),
                "select": In(selects),
                "acc": In(data.ArrayLayout(signed(width), lanes)),
                "bias": In(data.ArrayLayout(signed(32), lanes)),
                "mult": In(data.ArrayLayout(unsigned(16), lanes)),
                "shift": In(data.ArrayLayout(unsigned(6), lanes)),
                "o_valid": Out(1),
                "o_select": Out(selects),
                "o": Out(data.ArrayLayout(signed(self.result), lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid: list[Value] = [self.valid]
        select: list[Value] = [self.select]
        for stage in range(1, REQUANTISE_LATENCY + 1):
            valid.append(Signal(name=f"valid_{stage}"))
            select.append(Signal.like(self.select, name=f"select_{stage}"))
            m.d.sync += valid[stage].eq(valid[stage - 1])
            with m.If(valid[stage - 1]):
                m.d.sync += select[stage].eq(select[stage - 1])
        m.d.comb += [self.o_valid.eq(valid[-1]), self.o_select.eq(select[-1])]

        def register(stage: int, value: Value, shape: Shape, name: str) -> Signal:
            """The value one cycle later; ``stage`` is the stage that computes it."""
            signal = Signal(shape, name=f"{name}_{stage + 1}")
            with m.If(valid[stage]):
                m.d.sync += signal.eq(value)
            return signal

        low, high = self._limits(m, select[8])
        for lane in range(self._lanes):
            total = register(
                0, self.acc[lane] + self.bias[lane], signed(sum_width(self._width)), f"total{lane}"
            )
            mult = register(0, self.mult[lane], unsigned(16), f"mult{lane}")
            shift = self.shift[lane]
            for stage in range(3):
                shift = register(stage, shift, unsigned(6), f"shift{lane}")

            products, offset = [], 0
            parts = multiplier_parts(len(total))
            for index, bits in enumerate(parts):
                part = total[offset : offset + bits]
                operand = part.as_signed() if index == len(parts) - 1 else part
                shape = (operand * mult).shape()
                product = register(1, operand * mult, shape, f"product{lane}_{index}")
                products.append(product << offset)
                offset += bits
            width = len(total) + 16
            product = register(2, sum(products[1:], products[0]), signed(width), f"product{lane}")

            value: Value = product << 1
            for stage, bit in ((3, 5), (4, 3), (5, 1)):
                half = Signal(signed(width + 1), name=f"half{lane}_{stage}")
                m.d.comb += half.eq(Mux(shift[bit], value >> (1 << bit), value))
                moved = Mux(shift[bit - 1], half >> (1 << (bit - 1)), half)
                value = register(stage, moved, signed(width + 1), f"value{lane}")
                shift = register(stage, shift, unsigned(6), f"shift{lane}")

            kept = min(width + 1, self.result + 2)
            top = value[kept - 1 :]
            overflow = Signal(name=f"overflow{lane}")
            m.d.comb += overflow.eq(top.any() & ~top.all())
            limit = ((1 << (kept - 1)) - 1) ^ value[-1].replicate(kept)
            clamped = register(
                6, Mux(overflow, limit, value[:kept]).as_signed(), signed(kept), f"clamped{lane}"
            )
            rounded = register(7, (clamped + 1) >> 1, signed(kept), f"rounded{lane}")
            code = Mux(rounded > high, high, Mux(rounded < low, low, rounded))
            m.d.comb += self.o[lane].eq(register(8, code, signed(self.result), f"code{lane}"))
        return m

    def _limits(self, m: Module, select: Value) -> tuple[Signal, Signal]:
        """The smallest and the largest code of the selected format."""
        low, high = Signal(signed(self.result)), Signal(signed(self.result))
        m.d.comb += [
            low.eq(choose(select, [fmt.minimum for fmt in self._formats])),
            high.eq(choose(select, [fmt.maximum for fmt in self._formats])),
        ]
        return low, high
