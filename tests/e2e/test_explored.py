# SPDX-License-Identifier: Apache-2.0
"""Explored designs in simulation: predictions within 5 %, and the best one beats the rule's.

``pytest tests/e2e/test_explored.py --slow -s`` prints a table; a quarter of an hour on a core.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

import numpy as np
import pytest
from streamhw.boards.base import load_board

from streamhw.compiler.config import BuildConfig
from streamhw.compiler.design import Design
from streamhw.compiler.estimate import Estimate
from streamhw.compiler.explore.choice import Choice
from streamhw.compiler.explore.evaluate import Evaluator, evaluator_of
from streamhw.compiler.explore.explore import DEFAULT, Exploration, explore, space_for
from streamhw.compiler.explore.journal import Journal
from streamhw.compiler.explore.score import Goal, Objective, Score
from streamhw.compiler.explore.workers import on_processes
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.model import Model
from tests.e2e.machine import Machine

T = TypeVar("T")
WITHIN = 0.05
POINTS = {"sim": 17, "ulx3s": 3}
PROMPT, TOKENS = 9, 2
FEWEST, MULTIPLIERS = 32, 256
"""Of all engines of a point: fewer take long to simulate, and more to compile, not to predict."""


def evaluator(model: Model, board: str) -> Evaluator:
    design = compile_model(model, load_board(board), BuildConfig(), stop="quantise")
    return evaluator_of(design, PROMPT, TOKENS)


def points(score: Evaluator, wanted: int) -> list[Choice]:
    """Seeded random choices that are designs, with one to five engines in turn."""
    space, rng = space_for(score), np.random.default_rng(2)
    space = replace(space, groups=(2, 4, 8, 16))

    def pick(name: str, options: Sequence[T]) -> T:
        return options[int(rng.integers(len(options)))]

    found: list[Choice] = []
    for _ in count():
        choice = space.decode(pick)
        if len(choice.sharing) != 1 + len(found) % 5:
            continue
        size = sum(engine.multipliers for engine in choice.tiling.engines.values())
        if FEWEST <= size <= MULTIPLIERS and isinstance(score(choice), Score):
            found.append(choice)
            if len(found) == wanted:
                break
    return found


def told(choice: Choice) -> str:
    tiling = choice.tiling
    engines = " ".join(
        f"{'+'.join(n[0] + n[-1] for n in nodes)}:{e.rows}x{e.inputs}>{e.lanes}"
        for nodes, e in zip(choice.sharing, tiling.engines.values(), strict=True)
    )
    return f"T{tiling.group} L{tiling.lanes}/{tiling.attention_lanes} P{tiling.prefetch} {engines}"


def simulated(machine: Machine) -> tuple[int, int]:
    """Cycles of the prompt and of all later tokens."""
    tokens = machine.answer(list(range(1, PROMPT + 1)), TOKENS).tokens
    return tokens[0].cycles, sum(t.cycles for t in tokens[1:])


@pytest.mark.slow
@pytest.mark.parametrize("board", POINTS)
def test_predictions_of_explored_designs(
    board: str, model: Model, machine_of: Callable[..., Machine]
) -> None:
    score = evaluator(model, board)
    wrong = []
    print()
    for choice in points(score, POINTS[board]):
        design = score.compile(choice)
        real = simulated(machine_of(board, design=_with_weights(design, model)))
        answer = Estimate(design).answer(PROMPT, PROMPT + TOKENS)
        ours = (answer.prompt, sum(answer.tokens))
        errors = [o / r - 1 for o, r in zip(ours, real, strict=True)]
        row = (
            f"{board:6} {real[0]:10,} {errors[0]:+7.1%} {real[1]:10,} {errors[1]:+7.1%}  "
            f"{told(choice)}"
        )
        print(row, flush=True)
        if max(map(abs, errors)) > WITHIN:
            wrong.append(row)
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("board", POINTS)
def test_best_design_beats_the_rule(
    board: str,
    model: Model,
    machine_of: Callable[..., Machine],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    score = evaluator(model, board)
    found = explored(score, tmp_path_factory)
    cycles = {}
    for name, trial in (("rule", found.of(DEFAULT)), ("best", found.best)):
        assert trial is not None
        design = score.compile(trial.choice)
        cycles[name] = sum(simulated(machine_of(board, design=_with_weights(design, model))))
        print(f"\n{board} {name}: {cycles[name]:,} simulated cycles, {told(trial.choice)}")
    assert cycles["best"] < cycles["rule"]


def explored(score: Evaluator, folders: pytest.TempPathFactory) -> Exploration:
    """The search that users run, with engines that simulate in minutes."""
    config = replace(score.design.config, multipliers=MULTIPLIERS)
    score = replace(score, design=replace(score.design, config=config))
    journal = Journal(folders.mktemp("exploration") / "trials.jsonl", {})
    goal = Goal(objective=Objective.LATENCY)
    with on_processes(score, 1) as evaluate:
        return explore(score, evaluate, journal, goal, trials=120, seed=0)


def _with_weights(design: Design, model: Model) -> Design:
    return replace(design, model=model)
