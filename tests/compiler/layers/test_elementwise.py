# SPDX-License-Identifier: Apache-2.0
"""Sums, products and functions: multipliers of channels, where the results are int8."""

from streamhw.compiler.layers.elementwise import ACTIVATION, ADD, MULTIPLY
from streamhw.compiler.memory.rules import MemoryRule
from tests.compiler.layers.placed import Placed, check_segments


def test_multipliers_fill_their_beats(families: tuple[Placed, ...]) -> None:
    assert check_segments(families[0], ACTIVATION) == 1
    assert check_segments(families[1], MULTIPLY) == 1


def test_a_sum_has_nothing_in_memory() -> None:
    assert ADD.memory == MemoryRule()
    assert ACTIVATION.memory.early and MULTIPLY.memory.early


def test_sums_are_in_the_format_of_the_residual_stream(families: tuple[Placed, ...]) -> None:
    for placed in families:
        formats = {
            placed.context.quantization.plans[node.name].out for node, _ in placed.nodes(ADD)
        }
        assert len(formats) == 1
