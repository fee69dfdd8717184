# SPDX-License-Identifier: Apache-2.0
"""What a choice is worth: bounds, estimates, and what no board carries."""

from dataclasses import replace

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.explore.evaluate import Evaluator
from streamhw.compiler.explore.explore import Exploration
from streamhw.compiler.explore.objective import (
    Invalid,
    Score,
)
from streamhw.compiler.explore.search import search
from streamhw.compiler.explore.space import Space
from streamhw.errors import BuildError
from tests.compiler.explore.spaces import LATENCY, bound_of, random_choice


def test_bound_is_below_the_estimate(evaluator: Evaluator, space: Space) -> None:
    rng, seen = np.random.default_rng(3), 0
    bound = bound_of(evaluator, space)
    while seen < 12:
        choice = random_choice(space, rng)
        outcome = evaluator(choice)
        assert isinstance(outcome, Score) or not outcome.reason.startswith("faults"), outcome
        if isinstance(outcome, Score):
            seen += 1
            assert bound(choice) <= outcome.total
            assert outcome.total == pytest.approx(outcome.prompt + 3 * outcome.token)


def test_budget_counts_before_anything_is_compiled(evaluator: Evaluator, space: Space) -> None:
    poor = replace(load_board("sim"), budget=replace(load_board("sim").budget, dsps=8))
    poorer = replace(evaluator, design=replace(evaluator.design, board=poor))
    rng = np.random.default_rng(7)
    kinds = [poorer(random_choice(space, rng)) for _ in range(8)]
    assert all(isinstance(kind, Invalid) for kind in kinds)
    assert any(k.reason.startswith("budget: engines need") for k in kinds if isinstance(k, Invalid))
    exploration = Exploration(
        goal=LATENCY, found=search(space, poorer_of(poorer), lambda c: 0.0, LATENCY,
                                   starts=[("x", random_choice(space, rng))], trials=8, seed=0),
    )  # fmt: skip
    with pytest.raises(BuildError, match=r"^Some design must fit the board, but none of \d+ does"):
        _ = exploration.best


def poorer_of(evaluator: Evaluator):
    return lambda choices: [evaluator(choice) for choice in choices]
