# SPDX-License-Identifier: Apache-2.0
"""FIFO depths from the linear program are enough, and where it says they bind, less is not."""

import pytest

from streamhw.errors import InternalError
from tests.e2e.machine import Machine

PROMPT = [3, 1, 4, 1, 5, 9, 2, 6]


@pytest.mark.slow
def test_half_of_a_binding_depth_is_slower_or_stops(machine: Machine, machine_of) -> None:
    binding = machine.design.known.depths.binding
    assert "residual_1_i_a" in binding
    unhurt = machine.answer(PROMPT, 2)
    halved = machine_of(
        design=machine.design,
        depths=lambda d: {c.name: c.depth // 2 for c in d.channels if c.name == "residual_1_i_a"},
    )
    try:
        hurt = halved.answer(PROMPT, 2)
    except InternalError as error:
        assert "hangs" in str(error)
    else:
        assert hurt.simulated > unhurt.simulated


@pytest.mark.slow
def test_deeper_queues_gain_less_than_one_percent(machine: Machine, machine_of) -> None:
    program = set(machine.design.known.depths.depth)
    deep = machine_of(
        design=machine.design,
        depths=lambda d: {c.name: 4 * c.depth for c in d.channels if c.name in program},
    )
    ours, theirs = machine.answer(PROMPT, 4), deep.answer(PROMPT, 4)
    assert [t.token for t in ours.tokens] == [t.token for t in theirs.tokens]
    assert ours.simulated <= 1.01 * theirs.simulated
