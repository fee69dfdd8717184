# SPDX-License-Identifier: Apache-2.0
"""Memory between kernels: value by value, groups where there are several."""

from dataclasses import replace

from streamhw.report.facts import Facts
from streamhw.report.html.fusion import fusion
from tests.report.html.elements import read


def test_values_and_their_sum(facts: Facts) -> None:
    words = " ".join(read(fusion(facts)).text)
    values = facts.fusion.values
    assert all(row.value in words for row in values)
    kept = sum(row.on_chip for row in values)
    assert f"{kept:,} bits on chip for the values of a layer" in words
    assert "one group of all kernels, no stream goes through external memory" in words
    assert "Group 1" not in words


def test_groups_and_cuts_are_named(facts: Facts) -> None:
    cut = replace(facts.fusion, groups=(("norm_1",), ("norm_2",)), cuts=("norm_2_i",), bytes=4096)
    words = " ".join(read(fusion(replace(facts, fusion=cut))).text)
    assert "2 groups, 1 streams go through external memory (4,096 bytes a layer)" in words
    assert "Group 2: norm_2" in words
