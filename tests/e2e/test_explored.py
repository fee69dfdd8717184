# SPDX-License-Identifier: Apache-2.0
"""Explored designs in simulation: predictions within 5 %, and the best one beats the rule's.

``pytest tests/e2e/test_explored.py --slow -s`` prints a table. Most of a point's time is the C++
compiler's: random points are of a small model, whose tokens are mostly latencies, which are what is
hard to predict; the best designs are of the trained one.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.explore.design_point import Choice, chosen_by
from streamhw.compiler.explore.evaluate import Evaluator
from streamhw.compiler.explore.explore import Exploration, explore, space_for
from streamhw.compiler.explore.objective import Goal, Objective, Score
from streamhw.compiler.explore.trial_log import Journal
from streamhw.compiler.explore.workers import on_processes
from streamhw.compiler.ir.levels import Quantized
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from tests.e2e.machine import Machine
from tests.tiny import write_tiny

T = TypeVar("T")
WITHIN = 0.05
POINTS = {"sim": 15, "ulx3s": 5}
PROMPT, TOKENS = 9, 3
FEWEST, MOST = 8, 64
"""Multipliers of all engines of a point: more take long to compile, not to predict."""
MULTIPLIERS = {"sim": 256, "ulx3s": 64}
"""Of one engine of the best design."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A GPT-2 of two layers of 64 and a context of 64."""
    folder = tmp_path_factory.mktemp("small")
    return load(str(write_tiny(folder, features=64, hidden=128, heads=4, context=64)))


def quantized(model: Model, board: str, group: int = 64) -> Quantized:
    config = BuildConfig(quantization=QuantConfig(scale_group=group))
    return compile_model(model, load_board(board), config, stop="quantize")


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
        if FEWEST <= size <= MOST and isinstance(score(choice), Score):
            found.append(choice)
            if len(found) == wanted:
                break
    return found


def told(choice: Choice) -> str:
    tiling = choice.tiling
    engines = " ".join(
        f"{'+'.join(n[0] + n[-1] for n in nodes)}:{engine}"
        for nodes, engine in zip(choice.sharing, tiling.engines.values(), strict=True)
    )
    return f"T{tiling.token_batch} L{tiling.lanes}/{tiling.attention_lanes} {engines}"


def simulated(machine: Machine) -> tuple[int, int]:
    """Cycles of the prompt and of all later tokens."""
    tokens = machine.answer(list(range(1, PROMPT + 1)), TOKENS).tokens
    return tokens[0].cycles, sum(t.cycles for t in tokens[1:])


@pytest.mark.slow
@pytest.mark.parametrize("board", POINTS)
def test_predictions_of_explored_designs(
    board: str, small: Model, machine_of: Callable[..., Machine]
) -> None:
    begin = quantized(small, board, group=32)
    score = Evaluator(design=begin, prompt=PROMPT, tokens=TOKENS)
    wrong = []
    print()
    for choice in points(score, POINTS[board]):
        design = score.compile(choice)
        real = simulated(machine_of(board, design=design, of=small))
        answer = Estimate.placed(design).answer(PROMPT, PROMPT + TOKENS)
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
    begin = quantized(model, board)
    score = Evaluator(design=begin, prompt=PROMPT, tokens=TOKENS)
    rule = compile_model(model, begin.board, begin.config)
    best = explored(score, MULTIPLIERS[board], tmp_path_factory).best.choice
    cycles = {}
    for name, choice in (
        ("rule", chosen_by(rule.assignments, rule.tiling)),
        ("best", best),
    ):
        design = score.compile(choice)
        real = simulated(machine_of(board, design=design))
        answer = Estimate.placed(design).answer(PROMPT, PROMPT + TOKENS)
        errors = (answer.prompt / real[0] - 1, sum(answer.tokens) / real[1] - 1)
        cycles[name] = sum(real)
        print(
            f"\n{board} {name}: {real[0]:,} {errors[0]:+.1%} {real[1]:,} {errors[1]:+.1%}, "
            f"{told(choice)}"
        )
        assert max(map(abs, errors)) < WITHIN
    assert cycles["best"] < cycles["rule"]


def explored(score: Evaluator, multipliers: int, folders: pytest.TempPathFactory) -> Exploration:
    """The search that users run, with engines that simulate in minutes."""
    config = replace(score.design.config, multipliers=multipliers)
    score = replace(score, design=replace(score.design, config=config))
    journal = Journal(folders.mktemp("exploration") / "trials.jsonl", {})
    goal = Goal(objective=Objective.LATENCY)
    with on_processes(score, 1) as evaluate:
        return explore(score, evaluate, journal, goal, trials=120, seed=0)
