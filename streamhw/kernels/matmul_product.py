# SPDX-License-Identifier: Apache-2.0
"""Products of the matmul engine: the weights of one row or of two times x, in a DSP or in LUTs."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

__all__ = [
    "KEPT",
    "SPACING",
    "TRIPLE_BITS",
    "fabric_places",
    "fabric_product",
    "packed",
    "packed_levels",
    "row_stages",
    "split",
    "sum_bits",
    "tree_levels",
]

SPACING = 18
"""Bits between two weights in one operand: with 8-bit codes above them they fill the 27 bits of a
DSP48E2, and sums of products below have room."""

TRIPLE_BITS = 10
"""Bits of three times x."""

KEPT = {"keep": 1}
"""For sums without a register: Yosys merges their adders with the next to compressors, that take
more LUTs than carry chains."""


def sum_bits(columns: int, weight_bits: int) -> int:
    """Bits of the largest sum of so many products, signed."""
    return (columns << (7 + weight_bits - 1)).bit_length() + 1


def tree_levels(inputs: int) -> int:
    """Adder levels that sum ``inputs`` values."""
    return (inputs - 1).bit_length()


def packed_levels(*, inputs: int, chain: int, weight_bits: int) -> int:
    """Adder levels in which two rows still share their sums: those whose lower sums have room."""
    levels = tree_levels(inputs // chain)
    while min(inputs, chain << levels) << (7 + weight_bits - 1) >= 1 << (SPACING - 1):
        levels -= 1
    return levels


def row_stages(*, inputs: int, chain: int, paired: bool, grouped: bool, levels: int) -> int:
    """Register stages from x to the operand of the accumulator.

    The correction of a pair's upper sum is one more adder level.
    """
    adders = tree_levels(inputs // chain) + paired
    return 1 + chain * (chain > 1) + -(-adders // levels) + grouped


def packed(low: Value, high: Value) -> Value:
    """``(high << SPACING) + low`` of signed values: a negative lower one borrows from the upper."""
    wide = Cat(low, low[-1].replicate(SPACING - len(low)))
    return Cat(wide, high - low[-1]).as_signed()


def split(m: Module, value: Value, bits: int, name: str) -> tuple[Value, Value]:
    """The lower and the upper sum, of ``bits`` bits, that ``value`` holds."""
    high = Signal(signed(bits), name=f"{name}_high")
    m.d.comb += high.eq((value >> SPACING)[:bits].as_signed() + value[SPACING - 1])
    return value[:bits].as_signed(), high


def fabric_places(
    *, inputs: int, lanes: int, fabric_lanes: int, fabric_columns: int
) -> list[tuple[int, int]]:
    """Lane and column of the products that are made of LUTs."""
    shared = [(lane, inputs - fabric_columns) for lane in range(lanes - fabric_lanes)]
    whole = [(lane, 0) for lane in range(lanes - fabric_lanes, lanes)]
    return [(lane, column) for lane, first in shared + whole for column in range(first, inputs)]


def fabric_product(m: Module, code: Value, x: Value, triple: Value, name: str) -> Value:
    """``code * x`` of signed values, with nothing that synthesis would turn into a multiplier.

    Two bits of the code choose a multiple of x (``triple`` is three times x, that all rows share),
    a look-up table a bit; the adder of two multiples has one of them in its own tables. The bits of
    the code are a power of two from 4 on.
    """
    zero = Const(0, signed(TRIPLE_BITS))
    digits = [code[i : i + 2] for i in range(0, len(code), 2)]
    once, twice = [Cat(Const(0, by), x, x[-1].replicate(2 - by)).as_signed() for by in (0, 1)]
    terms: list[Value] = [
        Mux(d[1], Mux(d[0], triple, twice), Mux(d[0], once, zero)) for d in digits[:-1]
    ]
    # The last one is signed: 0, x, -2x, -x; the one that completes a complement is carried in.
    top = digits[-1]
    terms.append(Mux(top[1], ~Mux(top[0], once, twice), Mux(top[0], once, zero)).as_signed())
    shift, carry = 2, top[1]
    while len(terms) > 1:
        sums: list[Value] = []
        for i in range(0, len(terms), 2):
            low, high = terms[i : i + 2]
            above = Signal(signed(len(high) + 1), name=f"{name}_{shift}_{i}", attrs=KEPT)
            with_carry = shift == 2 and i == len(terms) - 2
            if with_carry:
                one = Cat(Const(1, 1), low[shift:]).as_signed() + Cat(carry, high).as_signed()
                m.d.comb += above.eq(one >> 1)
            else:
                m.d.comb += above.eq(low[shift:].as_signed() + high)
            sums.append(Cat(low[:shift], above).as_signed())
        terms = sums
        shift *= 2
    return terms[0]
