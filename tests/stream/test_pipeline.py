# SPDX-License-Identifier: Apache-2.0
"""Sums, constants and squares of pipelines against plain integers."""

from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import Signal, Value, signed, unsigned

from streamhw.stream.pipeline import (
    delayed,
    scaled,
    signed_digits,
    square,
    square_multipliers,
    square_registers,
    tree_latency,
    tree_sum,
)
from tests.clocked import values_of


@pytest.mark.parametrize("factor", [1, 2, 3, 7, 23, 119, 255, 1000])
def test_signed_digits_are_a_sum_without_neighbors(factor: int) -> None:
    digits = signed_digits(factor)
    assert sum(sign << power for sign, power in digits) == factor
    powers = [power for _, power in digits]
    assert all(a - b >= 2 for a, b in pairwise(powers))


@pytest.mark.parametrize("factor", [1, 6, 23, 255])
def test_scales_by_a_constant(factor: int) -> None:
    rows = [(code,) for code in range(-32, 32)]
    found = values_of(lambda m, x: scaled(x, factor), [signed(6)], rows)
    assert found == [code * factor for (code,) in rows]
    assert values_of(lambda m, x: scaled(x, factor), [unsigned(6)], [(63,)]) == [63 * factor]


@pytest.mark.parametrize("width", [8, 18, 19, 30])
def test_squares_two_cycles_later(width: int) -> None:
    top = 1 << (width - 1)
    rng = np.random.default_rng(width)
    codes = [-top, top - 1, 0, -1, 1, *rng.integers(-top, top, 40).tolist()]

    def build(m, x: Signal) -> Value:  # type: ignore[no-untyped-def]
        held = Signal(signed(width))
        m.d.sync += held.eq(x)
        return square(m, held)

    rows = [(code,) for code in codes]
    assert values_of(build, [signed(width)], rows, 3) == [code * code for code in codes]
    assert all(max(pair) <= 18 for pair in square_multipliers(width))
    assert square_registers(width) >= 2 * (2 * width - 1)


@pytest.mark.parametrize("terms", [1, 2, 4, 5, 16, 17])
def test_tree_sums_four_terms_a_stage(terms: int) -> None:
    rng = np.random.default_rng(terms)
    rows = [tuple(row) for row in rng.integers(-128, 128, (30, terms)).tolist()]
    found = values_of(
        lambda m, *x: tree_sum(m, list(x)), [signed(8)] * terms, rows, tree_latency(terms)
    )
    assert found == [sum(row) for row in rows]


@pytest.mark.parametrize("cycles", [0, 1, 3])
def test_delays(cycles: int) -> None:
    rows = [(code,) for code in range(20)]
    found = values_of(lambda m, x: delayed(m, x, cycles), [unsigned(5)], rows, cycles)
    assert found == list(range(20))
