# SPDX-License-Identifier: Apache-2.0
"""The exact search on a small space: the best there is, and no more work than bounds allow."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from streamhw.compiler.explore.design_point import Choice
from streamhw.compiler.explore.objective import Goal, Invalid, Objective, Outcome, best_of
from streamhw.compiler.explore.search import search
from tests.compiler.explore.choices import choice_of, score_of

GOAL = Goal(objective=Objective.LATENCY)
CYCLES = {n: 20.0 + 3 * abs(n - 4) for n in range(1, 31)} | {3: None}
"""Of the design of each choice; None: it is no design."""


class Points:
    """A space of thirty choices: more than are proposed at a time."""

    def size(self, most: int) -> int:
        return len(CYCLES)

    def choices(self, most: int) -> Iterator[Choice]:
        yield from map(choice_of, CYCLES)


def rows_of(choice: Choice) -> int:
    return choice.tiling.engines["matmul"].rows


def outcome(choice: Choice) -> Outcome:
    cycles = CYCLES[rows_of(choice)]
    return Invalid("budget") if cycles is None else score_of(cycles)


@pytest.mark.parametrize("slack", [1.0, 0.5, 0.0])
def test_finds_the_best_and_skips_what_cannot_be(slack: float) -> None:
    space: Any = Points()
    seen: list[int] = []

    def evaluate(choices: Sequence[Choice]) -> list[Outcome]:
        seen.extend(map(rows_of, choices))
        return [outcome(choice) for choice in choices]

    def bound(choice: Choice) -> float:
        return slack * (CYCLES[rows_of(choice)] or 0.0)

    found = search(space, evaluate, bound, GOAL, starts=[], trials=1, seed=0)
    best = best_of(found.trials, GOAL)
    assert best is not None and rows_of(best.choice) == 4 and found.is_exact
    assert len(seen) == len(set(seen)) == len(CYCLES) - found.skipped
    assert (found.skipped > 0) == (slack > 0)


def test_what_is_known_at_the_start_is_tried_first_and_once() -> None:
    space: Any = Points()
    told: list[tuple[int, str]] = []
    found = search(
        space,
        lambda choices: [outcome(choice) for choice in choices],
        lambda choice: 0.0,
        GOAL,
        starts=[("default", choice_of(5)), ("rule", choice_of(9))],
        trials=1,
        seed=0,
        on_trial=lambda trial: told.append((rows_of(trial.choice), trial.origin)),
    )
    assert told[:2] == [(5, "default"), (9, "rule")]
    assert sorted(rows for rows, _ in told) == sorted(CYCLES)
    assert [trial.number for trial in found.trials] == list(range(len(CYCLES)))
