# SPDX-License-Identifier: Apache-2.0
"""Loop orders by the names that reports and files have."""

from streamhw.stream.loop_order import LoopOrder


def test_names_are_those_of_the_field() -> None:
    assert LoopOrder("weight-stationary") is LoopOrder.WEIGHT_STATIONARY
    assert LoopOrder("output-stationary") is LoopOrder.OUTPUT_STATIONARY
    assert len(LoopOrder) == 2
