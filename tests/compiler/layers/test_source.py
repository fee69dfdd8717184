# SPDX-License-Identifier: Apache-2.0
"""Tables that are read by index: rows in whole beats."""

from streamhw.compiler.layers.source import GATHER
from streamhw.quantization.plan import GatherPlan
from tests.compiler.layers.placed import Placed, check_table


def test_tables_are_as_long_as_they_say(families: tuple[Placed, ...]) -> None:
    assert check_table(families[0], GATHER) == 2  # tokens and positions
    assert check_table(families[1], GATHER) == 1


def test_rows_are_stored_in_16_bits(families: tuple[Placed, ...]) -> None:
    for placed in families:
        for node, _ in placed.nodes(GATHER):
            plan = placed.context.quantization.of(node.name, GatherPlan)
            assert plan.stored.width == 16
