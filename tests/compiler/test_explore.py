# SPDX-License-Identifier: Apache-2.0
"""The explorer: its space, its bounds, searches against brute force, and that all of it repeats."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from distributed import LocalCluster
from rich.console import Console

from streamhw.api.explore import BEST_FILE, FRONT_FILE
from streamhw.boards.base import load_board
from streamhw.commands.build import BuildRequest, build
from streamhw.commands.explore import ExploreRequest, explore_model
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.explore.design_point import Choice, read_choice, write_choice
from streamhw.compiler.explore.evaluate import Evaluator
from streamhw.compiler.explore.explore import DEFAULT, INTENSITY, Exploration, explore, space_for
from streamhw.compiler.explore.intensity_driven import unroll_by_intensity, unroll_of
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
from streamhw.compiler.explore.search import search
from streamhw.compiler.explore.space import Space, space_of
from streamhw.compiler.explore.trial_log import Journal
from streamhw.compiler.explore.workers import on_dask, on_processes
from streamhw.compiler.mapping.engine_sharing import formats_of
from streamhw.compiler.pipeline import compile_model
from streamhw.errors import BuildError, UserError
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from tests.tiny import write_tiny

T = TypeVar("T")
LATENCY = Goal(objective=Objective.LATENCY)


@pytest.fixture(scope="module")
def evaluator(tiny: Model) -> Evaluator:
    config = BuildConfig(quantization=QuantConfig(scale_group=32))
    design = compile_model(tiny, load_board("sim"), config, stop="quantize")
    return Evaluator(design=design, prompt=5, tokens=4)


@pytest.fixture(scope="module")
def space(evaluator: Evaluator) -> Space:
    return space_for(evaluator)


@pytest.fixture(scope="module")
def small(space: Space) -> Space:
    """One engine of few sizes, tokens of a step."""
    one = next(space.partitions())
    few = replace(space, sharing=one, groups=(4, 8), lanes=(4,), most=8, _legal={})
    return replace(few, attention_lanes=(4,))


@pytest.mark.parametrize("name", ["sim", "ulx3s", "u55c"])
def test_the_default_is_a_point_of_the_space(name: str) -> None:
    """Token lanes, heads and positions side by side among its dimensions."""
    design = compile_model(load("gpt2-shakespeare"), load_board(name), stop="tile")
    formats = formats_of(design.graph, design.quantization)
    space = space_of(design.graph, design.board, formats)
    default = Choice(
        sharing=tuple(binding.nodes for binding in design.assignments), tiling=design.tiling
    )
    picked = space.encode(default)
    assert {"token_lanes of qkv", "loop_order of qkv", "attention_heads"} <= set(picked)


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


def test_every_partition_once(space: Space) -> None:
    """Five products of one weight format: the fifth Bell number; with two formats, the fourth."""
    found = list(space.partitions())
    assert len(found) == len({frozenset(map(frozenset, groups)) for groups in found}) == 52
    assert len(found[0]) == 1 and len(found[-1]) == 5
    formats = {**space.formats, "logits": (8, None)}
    mixed = list(replace(space, formats=formats).partitions())
    assert len(mixed) == 15
    assert all(("logits",) in groups for groups in mixed)


def test_choices_are_points_that_come_back(space: Space) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        choice = random_choice(space, rng)
        picked = space.encode(choice)
        again = space.decode(lambda name, options, p=picked: options[p[name][0]])
        assert again == choice
        assert sorted(n for engine in choice.sharing for n in engine) == sorted(space.formats)
    with pytest.raises(ValueError, match=r"."):
        space.encode(replace(choice, tiling=replace(choice.tiling, token_batch=3)))


def test_odometer_visits_every_choice_once(small: Space) -> None:
    size = small.size(10_000)
    keys = [choice.key for choice in small.choices(10_000)]
    assert len(keys) == len(set(keys)) == size >= 20
    assert len(list(small.choices(7))) == 7


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


@pytest.fixture(scope="module")
def outcomes(evaluator: Evaluator, small: Space) -> dict[str, Outcome]:
    """Of every choice of the small space."""
    return {choice.key: evaluator(choice) for choice in small.choices(10_000)}


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


def test_intensity_doubles_the_slowest(space: Space) -> None:
    """Ends balanced: no kernel could have waited, since each doubled only while it was slowest."""
    sizes: list[dict[str, int]] = []

    def fits(choice: Choice) -> bool:
        names = ("row-wise kernels", "attention", *choice.tiling.engines)
        sizes.append({name: unroll_of(choice.tiling, name) for name in names})
        return sum(e.multipliers for e in choice.tiling.engines.values()) <= 64

    groups = list(space.partitions())[-1]
    choice = unroll_by_intensity(space, groups, 8, fits)
    assert choice is not None
    assert sum(e.multipliers for e in choice.tiling.engines.values()) <= 64
    for before, after in pairwise(sizes):
        (changed,) = (name for name in before if before[name] != after[name])
        assert after[changed] == 2 * before[changed]
    # qkv has most multiplications, attention_out least
    engines = choice.tiling.engines
    assert engines["matmul_qkv"].multipliers > engines["matmul_attention_out"].multipliers
    assert engines["matmul_qkv"].rows > engines["matmul_qkv"].inputs
    assert unroll_by_intensity(space, groups, 8, lambda choice: False) is None


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
        ({"trials": 0}, r"^Trials must be at least 1, not 0$"),
        ({"rate": 0.0}, r"^Rate must be more than 0 tokens a second, not 0$"),
        ({"prompt": 30}, r"^Prompt and answer must have .* at most 32 together, not 30 and 32$"),
    ],
)
def test_numbers_that_make_no_sense(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    folder = write_tiny(tmp_path / "tiny", vocabulary=60)
    request = ExploreRequest(build=BuildRequest(model=str(folder)), objective=Objective.LATENCY)
    with pytest.raises(UserError, match=message):
        explore_model(replace(request, **change), Console(file=io.StringIO()))
