# SPDX-License-Identifier: Apache-2.0
"""Random points of a space, and evaluation of them in this process."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from streamhw.compiler.explore.design_point import Choice
from streamhw.compiler.explore.evaluate import Evaluator
from streamhw.compiler.explore.objective import (
    Goal,
    Objective,
    Outcome,
)
from streamhw.compiler.explore.space import Space

T = TypeVar("T")


LATENCY = Goal(objective=Objective.LATENCY)


def random_choice(space: Space, rng: np.random.Generator) -> Choice:
    def pick(name: str, options: Sequence[T]) -> T:
        return options[int(rng.integers(len(options)))]

    return space.decode(pick)


def local(evaluator: Evaluator, calls: list[Choice] | None = None):
    def evaluate(choices: Sequence[Choice]) -> list[Outcome]:
        if calls is not None:
            calls.extend(choices)
        return [evaluator(choice) for choice in choices]

    return evaluate


def bound_of(evaluator: Evaluator, space: Space):
    return lambda c: evaluator.bound(space.assignments(c.sharing), c.tiling)
