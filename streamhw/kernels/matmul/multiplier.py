# SPDX-License-Identifier: Apache-2.0
"""Products of the matmul engine: the weights of one row or of two times x, in a DSP or in LUTs."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ...numerics.element_format import ElementFormat

__all__ = [
    "KEPT",
    "MULTIPLE_BITS",
    "SPACING",
    "column_sum_bits",
    "decoded",
    "fabric_places",
    "fabric_product",
    "multiples_of",
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

MULTIPLE_BITS = 10
"""Bits of three times x, and of its negative, where x is a code of 8 bits."""

KEPT = {"keep": 1}
"""For sums without a register: Yosys merges their adders with the next to compressors, that take
more LUTs than carry chains."""


def sum_bits(columns: int, weights: ElementFormat) -> int:
    """Bits of the largest sum of so many products, signed."""
    return (columns * weights.largest_product).bit_length() + 1


def column_sum_bits(inputs: int) -> int:
    """Bits of the sum of so many columns of x, signed."""
    return 8 + tree_levels(inputs)


def tree_levels(inputs: int) -> int:
    """Adder levels that sum ``inputs`` values."""
    return (inputs - 1).bit_length()


def packed_levels(*, inputs: int, chain: int, weights: ElementFormat) -> int:
    """Adder levels in which two rows still share their sums: those whose lower sums have room."""
    levels = tree_levels(inputs // chain)
    while min(inputs, chain << levels) * weights.largest_product >= 1 << (SPACING - 1):
        levels -= 1
    return levels


def row_stages(
    *, inputs: int, chain: int, paired: bool, grouped: bool, has_offsets: bool, levels: int
) -> int:
    """Register stages from x to the operand of the accumulator.

    The correction of a pair's upper sum is one more adder level. Offsets are added in a stage
    behind that of the group multiplier.
    """
    adders = tree_levels(inputs // chain) + paired
    return 1 + chain * (chain > 1) + -(-adders // levels) + grouped + has_offsets


def decoded(m: Module, code: Value, weights: ElementFormat, name: str) -> Value:
    """The signed integer that a code stands for: itself, or a look-up table a bit."""
    if not weights.levels:
        return code.as_signed()
    value = Signal(signed(weights.value_bits), name=name)
    with m.Switch(code):
        for number, level in enumerate(weights.levels):
            with m.Case(number):
                m.d.comb += value.eq(level)
    return value


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


def multiples_of(x: Value) -> Value:
    """What ``fabric_product`` needs of a signed x: three times it, and its negative, each two bits
    wider."""
    return Cat((x + (x << 1))[: len(x) + 2], -x, (-x)[-1])


def fabric_product(m: Module, code: Value, x: Value, multiples: Value, name: str) -> Value:
    """``code * x`` of signed values, with nothing that synthesis would turn into a multiplier.

    Two bits of the code choose a multiple of x, of which those that take an adder are shared by all
    rows: a look-up table a bit, and the adder of two multiples has one of them in its own tables.
    Nothing of four bits has two readers, so that simulators skip what is not wanted.
    """
    code = Cat(code, code[-1]) if len(code) % 2 else code
    triple, minus = (multiples.word_select(i, len(x) + 2) for i in (0, 1))
    bits = len(x) + 4

    def term(digit: Value, value: tuple[Value, Value, Value], shift: int) -> Value:
        """None, one, two or three (or what stands for it) times x, extended before it is chosen."""
        one, two, three = (
            Cat(Const(0, by), v, v[-1].replicate(bits))[:bits]
            for v, by in zip(value, (shift, shift + 1, shift), strict=True)
        )
        return Mux(digit[1], Mux(digit[0], three, two), Mux(digit[0], one, Const(0, bits)))

    sums: list[Value] = []
    for i in range(0, len(code), 4):
        high = (x, x, triple) if i + 4 < len(code) else (x, minus, minus)
        total = Signal(signed(bits), name=f"{name}_{i}", attrs=KEPT)
        if i + 2 == len(code):
            m.d.comb += total.eq(term(code[i:], high, 0))
        else:
            low = term(code[i : i + 2], (x, x, triple), 0)
            m.d.comb += total.eq(low + term(code[i + 2 : i + 4], high, 2))
        sums.append(total)
    return sum((total << (4 * i) for i, total in enumerate(sums[1:], 1)), sums[0])
