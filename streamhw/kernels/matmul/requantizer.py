# SPDX-License-Identifier: Apache-2.0
"""Requantizer of several lanes: add a bias, multiply, shift with rounding, saturate."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value, ValueLike, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ...numerics.fixed import Fixed
from ...stream.shared_module import SharedComponent

__all__ = [
    "CLAMP_STAGE",
    "REQUANTIzE_LATENCY",
    "Requantizer",
    "choose",
    "multiplier_parts",
    "sum_width",
]

REQUANTIzE_LATENCY = 7
"""Cycles from operands to result."""

CLAMP_STAGE = 5
"""The stage in which a result is brought within the limits of its format."""

SHARED_LANES_FROM = 4
"""Lanes that become instances of one Verilog module."""

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


class Requantizer(wiring.Component):
    """``saturate(round_shift((acc + bias) * mult, shift))`` in a free-running pipeline.

    A part of kernels, not a stream: the credit bracket around it counts beats. The result
    saturates to the format that ``select`` names for the beat.

    Parameters  lanes; width: accumulator bits; formats: what results saturate to, by ``select``
    Members     valid: In(1); acc, bias (signed 32), mult (unsigned 16), shift (unsigned 6):
                In(array of lanes); select: In(range(formats)); o_valid, o_select: Out;
                o: Out(array of signed ``result`` bits, low bits are the code)
    Timing      ``REQUANTIzE_LATENCY`` = 7 cycles, a beat a cycle
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
        for stage in range(1, REQUANTIzE_LATENCY + 1):
            valid.append(Signal(name=f"valid_{stage}"))
            select.append(Signal.like(self.select, name=f"select_{stage}"))
            m.d.sync += valid[stage].eq(valid[stage - 1])
            with m.If(valid[stage - 1]):
                m.d.sync += select[stage].eq(select[stage - 1])
        m.d.comb += [self.o_valid.eq(valid[-1]), self.o_select.eq(select[-1])]

        low, high = (Signal(signed(self.result), name=n, reset_less=True) for n in ("low", "high"))
        with m.If(valid[CLAMP_STAGE - 1]):
            m.d.sync += [
                low.eq(choose(select[CLAMP_STAGE - 1], [f.minimum for f in self._formats])),
                high.eq(choose(select[CLAMP_STAGE - 1], [f.maximum for f in self._formats])),
            ]

        def make() -> RequantizerLane:
            return RequantizerLane(width=self._width, result=self.result)

        members, name = make().signature.members, f"requantize_{self._width}_{self.result}"
        for index in range(self._lanes):
            lane = (
                SharedComponent(make, members, name, sealed=True)
                if self._lanes >= SHARED_LANES_FROM
                else make()
            )
            m.submodules[f"lane_{index}"] = lane
            m.d.comb += [
                lane.valid.eq(Cat(valid[:-1])),
                lane.acc.eq(self.acc[index]),
                lane.bias.eq(self.bias[index]),
                lane.mult.eq(self.mult[index]),
                lane.shift.eq(self.shift[index]),
                lane.low.eq(low),
                lane.high.eq(high),
                self.o[index].eq(lane.o),
            ]
        return m


class RequantizerLane(wiring.Component):
    """One lane of ``Requantizer``.

    Rounding is half up with one adder: shift twice the product, add 1, drop the lowest bit. The
    shifted value is clamped first, to twice the limits of the format, so that only the bits of the
    result go through that adder and the sum needs no look at them.

    Parameters  width: accumulator bits; result: bits of a result
    Members     valid: In, bit s enables the registers at the end of stage s
                acc, bias, mult, shift: In, in stage 0
                low, high: In, limits, in stage ``CLAMP_STAGE``; o: Out
    """

    def __init__(self, *, width: int, result: int):
        self._width = width
        self._result = result
        super().__init__(
            {
                "valid": In(REQUANTIzE_LATENCY),
                "acc": In(signed(width)),
                "bias": In(signed(32)),
                "mult": In(unsigned(16)),
                "shift": In(unsigned(6)),
                "low": In(signed(result)),
                "high": In(signed(result)),
                "o": Out(signed(result)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()

        def register(stage: int, value: Value, shape: Shape, name: str) -> Signal:
            """The value one cycle later; ``stage`` is the stage that computes it."""
            signal = Signal(shape, name=f"{name}_{stage + 1}", reset_less=True)
            with m.If(self.valid[stage]):
                m.d.sync += signal.eq(value)
            return signal

        def wire(value: Value, shape: Shape, name: str) -> Signal:
            signal = Signal(shape, name=name)
            m.d.comb += signal.eq(value)
            return signal

        total = register(0, self.acc + self.bias, signed(sum_width(self._width)), "total")
        mult = register(0, self.mult, unsigned(16), "mult")
        shift: Value = self.shift
        for stage in range(3):
            shift = register(stage, shift, unsigned(6), "shift")

        products, offset = [], 0
        parts = multiplier_parts(len(total))
        for index, bits in enumerate(parts):
            part = total[offset : offset + bits]
            operand = part.as_signed() if index == len(parts) - 1 else part
            product = register(1, operand * mult, (operand * mult).shape(), f"product_{index}")
            products.append(product << offset)
            offset += bits
        width = len(total) + 16
        value: Value = register(2, sum(products[1:], products[0]) << 1, signed(width + 1), "value")
        for stage, low_bit in ((3, 3), (4, 0)):
            for bit in reversed(range(low_bit, low_bit + 3)):
                moved = Mux(shift[bit], value >> (1 << bit), value)
                value = wire(moved, signed(width + 1), f"moved_{bit}")
            value = register(stage, value, signed(width + 1), "value")
            shift = register(stage, shift, unsigned(6), "shift")

        kept = min(width + 1, self._result + 2)
        top = value[kept - 1 :]
        negative = value[-1]
        outside = wire(top.any() & ~top.all(), unsigned(1), "outside")
        rest = wire(value[:kept].as_signed(), signed(kept), "rest")
        above = ~negative & (outside | (rest > (self.high << 1)))
        below = negative & (outside | (rest < (self.low << 1)))
        clamped = Mux(above, self.high << 1, Mux(below, self.low << 1, rest))
        twice = register(CLAMP_STAGE, clamped, signed(self._result + 1), "twice")
        code = register(CLAMP_STAGE + 1, (twice + 1) >> 1, signed(self._result), "code")
        m.d.comb += self.o.eq(code)
        return m
