# SPDX-License-Identifier: Apache-2.0
"""Products of two weights in one operand, and of LUTs, for every pair of codes that matters."""

from itertools import product

import pytest
from amaranth.hdl import Cat, Module, Signal, Value, signed

from streamhw.kernels.matmul.multiplier import (
    SPACING,
    fabric_places,
    fabric_product,
    multiples_of,
    packed,
    packed_levels,
    row_stages,
    split,
    sum_bits,
    tree_levels,
)
from streamhw.numerics.element_format import integer_format
from tests.clocked import values_of

XS = (-128, -127, -65, -1, 0, 1, 3, 86, 127)


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
def test_product_of_luts_is_the_product(bits: int) -> None:
    codes = range(-(1 << bits - 1), 1 << bits - 1)
    rows = list(product(codes, XS))

    def build(m: Module, code: Signal, x: Signal) -> Value:
        return fabric_product(m, code, x, multiples_of(x), "product")

    assert values_of(build, [signed(bits), signed(8)], rows) == [code * x for code, x in rows]


def test_two_weights_share_a_product() -> None:
    rows = [(low, high, x) for low, high in product((-8, -1, 0, 7), repeat=2) for x in XS]

    def build(m: Module, low: Signal, high: Signal, x: Signal) -> Value:
        lower, upper = split(m, packed(low, high) * x, 12, "sum")
        return Cat(lower, upper)

    found = values_of(build, [signed(4), signed(4), signed(8)], rows)
    mask = (1 << 12) - 1
    assert found == [(low * x & mask) | (high * x & mask) << 12 for low, high, x in rows]


@pytest.mark.parametrize(("columns", "bits", "wanted"), [(1, 8, 16), (1, 4, 12), (16, 8, 20)])
def test_sums_of_extremes_fit_their_bits(columns: int, bits: int, wanted: int) -> None:
    largest = columns * 128 * (1 << bits - 1)
    assert sum_bits(columns, integer_format(bits)) == wanted
    assert -(1 << wanted - 1) <= -largest and largest < 1 << wanted - 1


def test_places_are_whole_lanes_and_columns_of_the_others() -> None:
    assert fabric_places(inputs=4, lanes=3, fabric_lanes=1, fabric_columns=1) == [
        (0, 3),
        (1, 3),
        *((2, column) for column in range(4)),
    ]
    assert fabric_places(inputs=4, lanes=2, fabric_lanes=0, fabric_columns=0) == []


def test_pairs_part_before_their_lower_sum_overflows() -> None:
    levels = packed_levels(inputs=64, chain=1, weights=integer_format(8))
    assert (1 << levels) * 128 * 128 < 1 << SPACING - 1 <= (2 << levels) * 128 * 128


def test_stages_count_the_registers() -> None:
    plain = {"inputs": 16, "chain": 1, "paired": False, "grouped": False, "levels": 1}
    plain["has_offsets"] = False
    assert tree_levels(16) == 4
    assert row_stages(**plain) == 5
    assert row_stages(**plain | {"levels": 2}) == 3
    assert row_stages(**plain | {"paired": True, "grouped": True}) == 7
    assert row_stages(**plain | {"grouped": True, "has_offsets": True}) == 7
    assert row_stages(**plain | {"chain": 4}) == 1 + 4 + 2
