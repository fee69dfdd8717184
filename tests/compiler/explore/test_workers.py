# SPDX-License-Identifier: Apache-2.0
"""Where choices are evaluated: the outcomes are those of the evaluator, in order."""

from typing import Any

import pytest

from streamhw.compiler.explore.design_point import Choice
from streamhw.compiler.explore.objective import Outcome
from streamhw.compiler.explore.workers import on_dask, on_processes
from streamhw.errors import UserError
from tests.compiler.explore.choices import choice_of, score_of


class Rows:
    """An evaluator by whom more rows take fewer cycles; it can go to another process."""

    def __call__(self, choice: Choice) -> Outcome:
        return score_of(1000.0 / choice.tiling.engines["matmul"].rows)


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_are_in_the_order_of_the_choices(jobs: int) -> None:
    evaluator: Any = Rows()
    choices = [choice_of(rows) for rows in (8, 2, 4, 1)]
    with on_processes(evaluator, jobs) as evaluate:
        assert evaluate(choices) == [evaluator(choice) for choice in choices]


def test_no_jobs_are_refused() -> None:
    evaluator: Any = Rows()
    with pytest.raises(UserError, match=r"^Jobs must be at least 1, not 0$"):
        with on_processes(evaluator, 0):
            pass


def test_a_cluster_needs_an_address() -> None:
    evaluator: Any = Rows()
    with pytest.raises(UserError, match=r"^Engine dask must have the address of a scheduler"):
        with on_dask(evaluator, None):
            pass
