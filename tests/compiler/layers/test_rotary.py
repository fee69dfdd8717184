# SPDX-License-Identifier: Apache-2.0
"""Rotary embeddings: tables of angles, and formats of what is rotated."""

from streamhw.compiler.layers.rotary import ANGLES, ROTARY
from streamhw.quantization.plan import RotaryPlan
from tests.compiler.layers.placed import Placed, check_table


def test_tables_of_angles_are_as_long_as_they_say(families: tuple[Placed, ...]) -> None:
    assert check_table(families[1], ANGLES) >= 1
    assert list(families[0].nodes(ANGLES)) == []


def test_queries_keep_their_format_and_keys_become_bytes(families: tuple[Placed, ...]) -> None:
    plans = [
        families[1].context.quantization.of(node.name, RotaryPlan)
        for node, _ in families[1].nodes(ROTARY)
    ]
    assert sorted(plan.out.width for plan in plans) == [8, 16]
    for plan in plans:
        assert plan.source.width == 16
        assert plan.source == plan.out or plan.out.width == 8
