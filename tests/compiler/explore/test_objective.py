# SPDX-License-Identifier: Apache-2.0
"""What is better: goals, the best of some trials, and the front."""

from typing import cast

import pytest

from streamhw.compiler.explore.design_point import Choice
from streamhw.compiler.explore.objective import (
    Goal,
    Invalid,
    Objective,
    Outcome,
    Score,
    Trial,
    best_of,
    front_of,
)
from streamhw.compiler.mapping.tiling import Tiling


def score(prompt: float, token: float, luts: int = 1, share: float = 0.5) -> Score:
    return Score(
        prompt=prompt,
        token=token,
        total=prompt + 10 * token,
        luts=luts,
        ffs=1,
        dsps=1,
        block_ram=1,
        ultra_ram=0,
        share=share,
    )


def trials(*outcomes: Outcome) -> list[Trial]:
    choice = Choice(sharing=(), tiling=cast(Tiling, None))  # no trial looks at it
    return [Trial(number=n, choice=choice, outcome=o) for n, o in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("objective", "best"),
    [(Objective.LATENCY, 1), (Objective.THROUGHPUT, 2), (Objective.AREA, 0)],
)
def test_each_objective_has_its_best(objective: Objective, best: int) -> None:
    tried = trials(
        score(100, 10, share=0.1), score(10, 8, share=0.9), score(99, 7, share=0.8), Invalid("x")
    )
    found = best_of(tried, Goal(objective=objective))
    assert found is not None and found.number == best


def test_the_earliest_of_equals_wins() -> None:
    found = best_of(trials(Invalid("x"), score(1, 1), score(1, 1)), Goal(objective=Objective.AREA))
    assert found is not None and found.number == 1
    assert best_of(trials(Invalid("x")), Goal(objective=Objective.AREA)) is None


def test_a_rate_comes_before_the_objective() -> None:
    goal = Goal(objective=Objective.AREA, most_cycles=8)
    slow, fast = score(1, 9, share=0.1), score(1, 8, share=0.9)
    assert not goal.is_met(slow) and goal.is_met(fast)
    assert goal.value(fast) < goal.value(slow)
    assert goal.value(score(1, 9)) < goal.value(score(1, 10))


def test_front_drops_what_another_beats() -> None:
    tried = trials(score(5, 5, 5), score(6, 6, 6), score(9, 1, 9), score(5, 5, 5), score(1, 9, 1))
    assert [trial.number for trial in front_of(tried)] == [2, 0, 4]
