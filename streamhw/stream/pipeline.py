# SPDX-License-Identifier: Apache-2.0
"""Parts of free-running pipelines: delays, sums by constants, squares of wide numbers."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed, unsigned

__all__ = [
    "delayed",
    "scaled",
    "signed_digits",
    "square",
    "square_multipliers",
    "square_registers",
    "tree_latency",
    "tree_sum",
]

LIMB = 17
"""Unsigned bits that a signed 18-bit multiplier input takes."""


def delayed(m: Module, value: Value, cycles: int, *, reset: bool = False) -> Value:
    """``value`` of ``cycles`` cycles before. Without ``reset`` it may map to shift registers."""
    for _ in range(cycles):
        stage = Signal(value.shape(), reset_less=not reset, name="delay")
        m.d.sync += stage.eq(value)
        value = stage
    return value


def signed_digits(number: int) -> tuple[tuple[int, int], ...]:
    """The (sign, power of two) pairs of fewest terms whose sum is a positive integer."""
    digits = []
    power = 0
    while number:
        if number & 1:
            sign = 2 - (number & 3)
            digits.append((sign, power))
            number -= sign
        number >>= 1
        power += 1
    return tuple(reversed(digits))


def scaled(value: Value, factor: int) -> Value:
    """``value * factor`` for a positive constant, as a sum of shifts: no multiplier."""
    total: Value = Const(0, 1)
    for position, (sign, power) in enumerate(signed_digits(factor)):
        term = Cat(Const(0, power), value) if power else value
        term = term.as_signed() if value.shape().signed else term
        if position:
            term = total + term if sign > 0 else total - term
        total = term
    return total


def square(m: Module, value: Value) -> Value:
    """``value * value`` of a signed register, two cycles later, unsigned and exact.

    Numbers above 18 bits are split, so that each multiplier is at most 18 bits wide up to 35.
    """
    width = len(value)
    result = Signal(unsigned(2 * width - 1), reset_less=True, name="square")
    if width <= LIMB + 1:
        product = Signal(unsigned(2 * width - 1), reset_less=True, name="square_product")
        m.d.sync += [product.eq(value.as_signed() * value.as_signed()), result.eq(product)]
        return result
    low = value[:LIMB]
    high = value[LIMB:].as_signed()
    low_low = Signal(unsigned(2 * LIMB), reset_less=True, name="square_low")
    high_high = Signal(unsigned(2 * len(high) - 1), reset_less=True, name="square_high")
    high_low = Signal(signed(len(high) + LIMB), reset_less=True, name="square_cross")
    m.d.sync += [
        low_low.eq(low * low),
        high_high.eq(high * high),
        high_low.eq(high * low),
        # The outer products do not overlap: only one addition.
        result.eq(Cat(low_low, high_high) + Cat(Const(0, LIMB + 1), high_low).as_signed()),
    ]
    return result


def square_multipliers(width: int) -> tuple[tuple[int, int], ...]:
    """Operand widths of the multipliers that ``square`` uses."""
    if width <= LIMB + 1:
        return ((width, width),)
    return ((LIMB, LIMB), (width - LIMB, width - LIMB), (width - LIMB, LIMB))


def square_registers(width: int) -> int:
    """Flip-flops of ``square``."""
    return 2 * (2 * width - 1) + (width if width > LIMB + 1 else 0)


def tree_latency(terms: int) -> int:
    """Stages of a sum of that many terms, four a stage."""
    return ((terms - 1).bit_length() + 1) // 2


def tree_sum(m: Module, terms: list[Value]) -> Value:
    """The exact sum of terms, ``tree_latency`` cycles later: four terms a stage."""
    while len(terms) > 1:
        sums = []
        for group in (terms[i : i + 4] for i in range(0, len(terms), 4)):
            value = sum(group[1:], group[0])
            stage = Signal(value.shape(), reset_less=True, name="tree")
            m.d.sync += stage.eq(value)
            sums.append(stage)
        terms = sums
    return terms[0]
