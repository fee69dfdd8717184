# SPDX-License-Identifier: Apache-2.0
"""What an engine says of its products."""

import pytest

from streamhw.kernels.matmul.geometry import SLOTS
from tests.kernels.matmul.engines import context, engine


def test_each_context_is_a_product() -> None:
    spec = engine(context("a", inputs=16, outputs=8), context("b", inputs=8, outputs=12))
    behaviour = spec.behaviour()
    assert behaviour.multiplies == 4 * 4
    assert [(c.name, c.tiles, c.words) for c in behaviour.contexts] == [("a", 2, 4), ("b", 3, 2)]
    assert behaviour.stored_bits == spec.layout.depth * 4 * 8
    assert behaviour.contexts[0].operand == spec.contexts[0].arrival


@pytest.mark.parametrize(("tokens", "lanes", "passes"), [(1, 1, 1), (5, 1, 5), (5, 2, 3)])
def test_a_weight_is_used_once_for_each_group_of_tokens(
    tokens: int, lanes: int, passes: int
) -> None:
    spec = engine(context(tokens=5), tokens=5, token_lanes=lanes)
    (product,) = spec.behaviour().contexts
    assert product.passes({"tokens": tokens}) == passes


def test_a_token_of_two_digits_is_two_rows() -> None:
    one, two = (
        engine(context(tokens=5, bits=bits), tokens=5, token_lanes=2).behaviour().contexts[0]
        for bits in (8, 15)
    )
    assert (one.beat_cycles, two.beat_cycles) == (1, 2)
    assert [p.passes({"tokens": 3}) for p in (one, two)] == [2, 3]
    assert [p.results({"tokens": 3}) for p in (one, two)] == [6, 12]
    assert two.stored({"tokens": 3}) == one.stored({"tokens": 3})


def test_a_single_token_is_read_word_by_word() -> None:
    (product,) = engine(context(inputs=16, lanes=2)).behaviour().contexts
    assert product.stored({"tokens": 1}) == 2
    assert product.stored({"tokens": 3}) == 3 * 8


def test_results_are_held_by_as_many_tiles_as_there_are_slots() -> None:
    few, many = (
        engine(context(outputs=4 * tiles)).behaviour().contexts[0] for tiles in (SLOTS, SLOTS + 1)
    )
    assert few.results_held and not many.results_held


def test_timing_of_a_product_is_the_same_whatever_else_the_engine_does() -> None:
    a, b = context("a", outputs=12), context("b", inputs=8)
    product, alone = engine(a, b).behaviour().contexts[0], engine(a).behaviour().contexts[0]
    assert product.timing({"tokens": 2}) == alone.timing({"tokens": 2})


def test_a_tile_has_a_beat_of_results_for_its_rows_of_each_token() -> None:
    (product,) = engine(context(), rows=4, lanes=2).behaviour().contexts
    assert [product.results({"tokens": n}) for n in (1, 3)] == [2, 6]
