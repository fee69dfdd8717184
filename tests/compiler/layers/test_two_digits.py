# SPDX-License-Identifier: Apache-2.0
"""An operand has two digits where rounding it to 8 bits adds more to products than it may."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamhw.compiler.layers.two_digits import FINER, logits_format, operand_format
from streamhw.numerics.element_format import integer_format
from streamhw.quantization.formats import BYTE, DIGITS, byte_scales
from streamhw.quantization.smoothing import Reader, rounding_power, searched_scales

MATRIX = np.random.default_rng(5).normal(size=(6, 8)).astype(np.float32)
SQUARES = {0: np.full(8, 4.0, np.float32), 1: np.full(8, 1.0, np.float32)}
STEPS = np.full(8, 0.5)
NODE: Any = SimpleNamespace(name="norm")


def state_of(*, trained: bool = True, others: bool = False) -> Any:
    """A value that a product reads in two layers; others: a kernel without a matrix, too."""
    rules = {
        "product": lambda state, node, layer: SimpleNamespace(matrix=MATRIX),
        "other": None,
    }
    return SimpleNamespace(
        trained=trained,
        graph=SimpleNamespace(readers=lambda name: ["product", "other"][: 1 + others]),
        rule=lambda reader: SimpleNamespace(matrix=rules[reader]),
        layers=lambda name: (0, 1),
        statistics=SimpleNamespace(
            moments={
                ("norm", layer): SimpleNamespace(square=square) for layer, square in SQUARES.items()
            }
        ),
    )


def test_the_worst_layer_decides() -> None:
    worst, best = (float(np.sqrt(rounding_power(STEPS, MATRIX, SQUARES[n]))) for n in (1, 0))
    assert worst == pytest.approx(2 * best) and worst == pytest.approx(0.5 / 12**0.5)
    for bound, found in ((1.01 * worst, BYTE), (0.99 * worst, DIGITS), (best / 2, DIGITS)):
        assert operand_format(state_of(), NODE, lambda layer: STEPS, bound) == found


def test_only_what_products_of_trained_weights_read() -> None:
    for state in (state_of(trained=False), state_of(others=True)):
        assert operand_format(state, NODE, lambda layer: STEPS, 0.0) == BYTE


def test_a_bit_is_spare() -> None:
    assert FINER * BYTE.maximum < DIGITS.maximum < 2 * FINER * (BYTE.maximum + 1)


def head_of(bits: int, *, outliers: int, trained: bool = True) -> tuple[Any, np.ndarray]:
    """The state of a value that a head of so many bits reads; outliers: features of the value
    that are 10 times as large as the others, and so are their weights."""
    random = np.random.default_rng(6)
    sizes = np.ones(64)
    sizes[:outliers] = 10
    matrix = (random.normal(size=(200, 64)) * sizes).astype(np.float32)
    square = (sizes**2).astype(np.float32)
    head = Reader(matrix=matrix, weights=integer_format(bits, 32))

    def smooth_scales(node: Any, layer: Any, ranges: Any, even: Any, fine: bool) -> np.ndarray:
        return searched_scales(ranges, [head], square, even, fine)

    state: Any = SimpleNamespace(
        trained=trained,
        graph=SimpleNamespace(readers=lambda name: [SimpleNamespace(op=None, name="head")]),
        rule=lambda reader: SimpleNamespace(matrix=lambda state, node, layer: head),
        model=SimpleNamespace(weights=None),
        statistics=SimpleNamespace(moments={("norm", None): SimpleNamespace(square=square)}),
        smooth_scales=smooth_scales,
    )
    return state, byte_scales(5 * sizes)


@pytest.mark.parametrize(
    ("bits", "outliers", "trained", "found"),
    [(4, 1, True, DIGITS), (4, 0, True, BYTE), (8, 0, True, BYTE), (4, 1, False, BYTE)],
)
def test_logits_gain_by_two_digits_where_weights_want_other_scales(
    bits: int, outliers: int, trained: bool, found: Any
) -> None:
    state, steps = head_of(bits, outliers=outliers, trained=trained)
    assert logits_format(state, NODE, steps) == found
