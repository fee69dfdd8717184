# SPDX-License-Identifier: Apache-2.0
"""The numbers that compiled boards are made with."""

from streamhw.boards.memory.sdram_part import IS42S16160G_7
from streamhw.testing.board.native import ChipRules


def test_rules_of_a_part() -> None:
    rules = ChipRules.of(IS42S16160G_7, 100.0)
    assert (rules.period, rules.cas, rules.rows, rules.columns) == (10_000, 2, 8192, 512)
    assert (rules.power_up, rules.t_rcd, rules.t_refi) == (200_000_000, 15_000, 7_812_500)
    assert rules.numbers()[:5] == [10_000, 2, 8192, 512, 8]
    assert ChipRules.of(IS42S16160G_7, 143.0).cas == 3
