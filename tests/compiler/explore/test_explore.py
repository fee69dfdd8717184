# SPDX-License-Identifier: Apache-2.0
"""The explorer as a whole: searches against brute force, and that all of it repeats."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster

from streamhw.api.explore import BEST_FILE, FRONT_FILE
from streamhw.commands.build import BuildRequest, build
from streamhw.commands.console import Console
from streamhw.commands.explore import ExploreRequest, explore_model
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.explore.design_point import Choice, read_choice, write_choice
from streamhw.compiler.explore.evaluate import Evaluator
from streamhw.compiler.explore.explore import DEFAULT, INTENSITY, Exploration, explore
from streamhw.compiler.explore.objective import (
    Goal,
    Objective,
    Outcome,
    Score,
    Trial,
    best_of,
    front_of,
)
from streamhw.compiler.explore.search import search
from streamhw.compiler.explore.space import Space
from streamhw.compiler.explore.trial_log import Journal
from streamhw.compiler.explore.workers import on_dask, on_processes
from streamhw.errors import BuildError, UserError
from streamhw.quantization.config import QuantConfig
from tests.compiler.explore.spaces import LATENCY, bound_of, local, random_choice
from tests.tiny import write_tiny


@pytest.mark.parametrize(
    "goal",
    [
        LATENCY,
        Goal(objective=Objective.THROUGHPUT),
        Goal(objective=Objective.AREA),
        Goal(objective=Objective.AREA, most_cycles=5_000.0),
    ],
    ids=lambda g: f"{g.objective.value}-{g.most_cycles}",
)
def test_exact_search_equals_brute_force(
    evaluator: Evaluator, small: Space, goal: Goal, outcomes: dict[str, Outcome]
) -> None:
    calls: list[Choice] = []

    def evaluate(choices: Sequence[Choice]) -> list[Outcome]:
        calls.extend(choices)
        return [outcomes[choice.key] for choice in choices]

    found = search(small, evaluate, bound_of(evaluator, small), goal, starts=[], trials=1, seed=0)
    assert found.is_exact
    assert len(calls) == len(found.trials) == len(outcomes) - found.skipped
    best = best_of(found.trials, goal)
    assert best is not None and isinstance(best.outcome, Score)
    scores = [o for o in outcomes.values() if isinstance(o, Score)]
    assert goal.value(best.outcome) == min(map(goal.value, scores))
    if goal is LATENCY:
        assert found.skipped > len(outcomes) // 8, "bounds must spare work"


def test_front_against_brute_force(evaluator: Evaluator, small: Space, outcomes) -> None:
    trials = [
        Trial(number=i, choice=choice, outcome=outcomes[choice.key])
        for i, choice in enumerate(small.choices(10_000))
    ]
    front = {t.outcome.axes for t in front_of(trials) if isinstance(t.outcome, Score)}
    axes = {t.outcome.axes for t in trials if isinstance(t.outcome, Score)}
    beaten = {a for a in axes if any(b != a and all(map(_le, b, a)) for b in axes)}
    assert front == axes - beaten


def _le(a: float, b: float) -> bool:
    return a <= b


def run(
    evaluator: Evaluator, folder: Path, calls: list[Choice], *, trials: int = 8, seed: int = 0
) -> Exploration:
    return explore(
        evaluator,
        local(evaluator, calls),
        Journal(folder / "trials.jsonl", {"model": "tiny"}),
        LATENCY,
        trials=trials,
        seed=seed,
    )


def test_exploration_repeats_and_goes_on(evaluator: Evaluator, tmp_path: Path) -> None:
    """A seed gives the same trials; what the journal knows is not computed again."""
    first, third = [], []
    whole = run(evaluator, tmp_path / "a", first)
    complete = (tmp_path / "a" / "trials.jsonl").read_text()
    file = tmp_path / "b" / "trials.jsonl"
    file.parent.mkdir()
    lines = complete.splitlines(keepends=True)
    file.write_text("".join(lines[: len(lines) // 2]) + lines[-1][:9])
    assert run(evaluator, tmp_path / "b", third) == whole
    assert 0 < len(third) < len(first)
    assert run(evaluator, tmp_path / "b", []) == whole
    assert sorted(file.read_text().splitlines()) == sorted(complete.splitlines())
    with pytest.raises(UserError, match=r"^Exploration .* must be of the same model, board"):
        Journal(file, {"model": "other"})

    check_best(whole)


def check_best(exploration: Exploration) -> None:
    """It is never worse than what the search began with."""
    best = exploration.best.outcome
    assert isinstance(best, Score)
    for origin in (DEFAULT, INTENSITY):
        trial = exploration.of(origin)
        assert trial is not None and isinstance(trial.outcome, Score)
        assert best.total <= trial.outcome.total
    assert exploration.best in exploration.front
    data = json.loads(json.dumps(exploration.to_json()))
    assert data["trials"] == len(exploration.found.trials)
    assert len(data["front"]) == len(exploration.front)
    valid = sum(isinstance(t.outcome, Score) for t in exploration.found.trials)
    assert valid + sum(exploration.invalid.values()) == len(exploration.found.trials)


def test_processes_give_what_one_gives(evaluator: Evaluator, space: Space) -> None:
    rng = np.random.default_rng(5)
    choices = [random_choice(space, rng) for _ in range(4)]
    with on_processes(evaluator, 2) as evaluate:
        assert evaluate(choices) == [evaluator(choice) for choice in choices]
    with pytest.raises(UserError, match=r"^Jobs must be at least 1, not 0$"):
        with on_processes(evaluator, 0):
            pass


def test_dask_gives_what_one_gives(evaluator: Evaluator, space: Space) -> None:
    rng = np.random.default_rng(6)
    choices = [random_choice(space, rng) for _ in range(4)]
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        with on_dask(evaluator, cluster.scheduler_address) as evaluate:
            assert evaluate(choices) == [evaluator(choice) for choice in choices]


def test_dask_without_address_or_package(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"^Engine dask must have the address of a scheduler"):
        with on_dask(evaluator, None):
            pass
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(UserError, match=r"^Engine dask must have the package distributed, which"):
        with on_dask(evaluator, "tcp://127.0.0.1:1"):
            pass


def test_rate_that_nothing_reaches(evaluator: Evaluator, small: Space, outcomes) -> None:
    goal = Goal(objective=Objective.AREA, most_cycles=1.0)
    found = search(
        small, lambda cs: [outcomes[c.key] for c in cs], lambda c: 0.0, goal,
        starts=[], trials=1, seed=0,
    )  # fmt: skip
    with pytest.raises(BuildError, match=r"^Some design must take at most 1 cycles a token, but"):
        _ = Exploration(goal=goal, found=found).best


def test_design_files(evaluator: Evaluator, space: Space, tmp_path: Path) -> None:
    choice = random_choice(space, np.random.default_rng(8))
    write_choice(choice, tmp_path / "best.json", model="tiny")
    assert read_choice(tmp_path / "best.json") == choice
    (tmp_path / "bad.json").write_text("{}")
    for name in ("bad.json", "none.json"):
        with pytest.raises(UserError, match=r"^Design file .* must be one that explore wrote, but"):
            read_choice(tmp_path / name)


def test_command_and_the_build_of_its_best(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny", vocabulary=60)
    config = BuildConfig(quantization=QuantConfig(scale_group=32), token_batch=8, sharing=2)
    request = ExploreRequest(
        build=BuildRequest(model=str(folder), config=config, output=tmp_path / "found"),
        objective=Objective.AREA,
        rate=20_000.0,
        trials=4,
        prompt=3,
        tokens=3,
    )
    out = io.StringIO()
    exploration = explore_model(request, Console(file=out, width=200))
    assert "best (design" in out.getvalue() and "choices tried" in out.getvalue()
    front = json.loads((tmp_path / "found" / FRONT_FILE).read_text())
    assert front["board"] == "sim" and front["front"] and front["compared"]
    choice = read_choice(tmp_path / "found" / BEST_FILE)
    assert choice == exploration.best.choice
    assert len(choice.sharing) == 2 and choice.tiling.token_batch == 8
    wanted = replace(request.build, config=choice.config(config), output=tmp_path / "built")
    assert build(wanted, Console(file=out)).folder == tmp_path / "built"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, r"^Seed must be from 0 to 4294967295, not -1$"),
        ({"trials": 0}, r"^Trials must be at least 1, not 0$"),
        ({"rate": 0.0}, r"^Rate must be more than 0 tokens a second, and finite, not 0$"),
        ({"rate": float("nan")}, r"^Rate must be more than 0 .* not nan$"),
        (
            {"prompt": 30, "tokens": 32},
            r"^Prompt and answer must have .* at most 32 together, not 30 and 32$",
        ),
    ],
)
def test_numbers_that_make_no_sense(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    folder = write_tiny(tmp_path / "tiny", vocabulary=60)
    request = ExploreRequest(build=BuildRequest(model=str(folder)), objective=Objective.LATENCY)
    with pytest.raises(UserError, match=message):
        explore_model(replace(request, **change), Console(file=io.StringIO()))
