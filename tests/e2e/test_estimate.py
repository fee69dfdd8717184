# SPDX-License-Identifier: Apache-2.0
"""Predicted cycles against simulated ones, over prompt lengths and positions, in one table."""

from collections.abc import Callable, Sequence

import pytest

from streamhw.compiler.performance.estimate import Estimate
from tests.e2e.machine import Machine

WITHIN = 0.05


def compare(machine: Machine, lengths: Sequence[int], count: int) -> list[str]:
    """Prints a table; returns the rows in which the prediction is too far off."""
    estimate, board = Estimate.placed(machine.design), machine.design.board.name
    print()
    print(f"{'board':8} {'position':>8} {'what':>8} {'simulated':>10} {'predicted':>10}  error")
    wrong = []
    for length in lengths:
        real = [t.cycles for t in machine.answer(list(range(1, length + 1)), count).tokens]
        answer = estimate.answer(length, length + count)
        for index, (ours, theirs) in enumerate(
            zip(real, (answer.prompt, *answer.tokens), strict=True)
        ):
            if 1 < index < len(real) - 1:
                continue
            error = theirs / ours - 1
            what = "token" if index else "prompt"
            row = f"{board:8} {length + index:8} {what:>8} {ours:10,} {theirs:10,.0f} {error:+7.1%}"
            print(row)
            if abs(error) > WITHIN:
                wrong.append(row)
    return wrong


def test_cycles_of_prompts_and_tokens(machine: Machine) -> None:
    """One token, a group less one, a group, one more, and rows far into the context."""
    assert compare(machine, (1, 7, 8, 9, 40, 100), 4) == []


@pytest.mark.slow
def test_cycles_with_a_slow_memory(machine_of: Callable[..., Machine]) -> None:
    """Parameters and cache share a port of an eighth of a beat a cycle, which limits all."""
    assert compare(machine_of("ulx3s"), (1, 4, 9, 40), 3) == []
