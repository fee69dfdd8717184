# SPDX-License-Identifier: Apache-2.0
"""The best grouping against all groupings, and against the greedy one."""

from itertools import product

import pytest

from streamhw.compiler.config import Fusion
from streamhw.compiler.fusion.choose import group
from streamhw.compiler.fusion.problem import FusionOutcome, Problem
from tests.compiler.fusion.problems import graph


def brute_force(problem: Problem) -> FusionOutcome | None:
    """The best of all groupings."""
    count = len(problem.kernels)
    outcomes = (problem.outcome(groups) for groups in product(range(count), repeat=count))
    tight = (o for o in outcomes if o.valid)
    return min(tight, key=lambda o: (o.rank, o.groups), default=None)


@pytest.mark.parametrize("begin", range(0, 200, 50))
def test_optimal_is_never_worse_than_greedy(begin: int) -> None:
    better = found = 0
    for seed in range(begin, begin + 50):
        problem = graph(seed)
        simple, best = group(problem, Fusion.GREEDY), group(problem)
        if simple is None:
            continue
        assert best is not None and best.gap == 0
        assert best.outcome.rank <= simple.outcome.rank
        found += 1
        better += best.outcome.rank < simple.outcome.rank
    print(f"optimal fusion better than greedy in {better} of {found} graphs")
    assert found >= 10 and better >= 3


@pytest.mark.parametrize("begin", range(0, 120, 30))
def test_optimal_equals_brute_force(begin: int) -> None:
    solved = 0
    for seed in range(begin, begin + 30):
        problem = graph(seed, kernels=2 + seed % 4)
        best, wanted = group(problem), brute_force(problem)
        assert (best is None) == (wanted is None), seed
        if best is None or wanted is None:
            continue
        solved += 1
        assert (best.outcome.rank, best.outcome.groups) == (wanted.rank, wanted.groups), seed
        assert best.outcome == problem.outcome(best.groups)
    assert solved >= 15, solved


def test_same_answer_twice() -> None:
    for seed in range(20):
        assert group(graph(seed)) == group(graph(seed))
