# SPDX-License-Identifier: Apache-2.0
"""``streamhw.explore``: the design space of a model on a board, and the best design for a goal."""

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ..boards.base import Board
from ..compiler.backend.output_folder import check_output
from ..compiler.config import BuildConfig
from ..compiler.explore.design_point import write_choice
from ..compiler.explore.evaluate import Evaluator
from ..compiler.explore.explore import Exploration
from ..compiler.explore.explore import explore as searched
from ..compiler.explore.objective import Goal, Objective, Trial
from ..compiler.explore.trial_log import Journal
from ..compiler.explore.workers import Evaluate, on_dask, on_processes
from ..compiler.pipeline import compile_model
from ..errors import UserError
from ..frontend import Model
from ..near_names import did_you_mean
from ..whole_file import write_whole
from .build import default_folder
from .build_key import build_key
from .chosen_bits import with_bits
from .compile import loaded

__all__ = ["BEST_FILE", "FRONT_FILE", "TRIALS_FILE", "answer_lengths", "explore", "goal_of"]

BEST_FILE, FRONT_FILE, TRIALS_FILE = "best.json", "front.json", "trials.jsonl"

SEEDS = 1 << 32
"""As many as the search can begin with."""

ANSWER = 32
"""Tokens of a prompt and of an answer whose lengths nobody gave."""


def explore(
    model: Model | str | Path,
    board: Board | str = "sim",
    config: BuildConfig | None = None,
    *,
    objective: Objective | str = Objective.LATENCY,
    rate: float | None = None,
    trials: int = 300,
    seed: int = 0,
    prompt: int | None = None,
    tokens: int | None = None,
    jobs: int = 1,
    engine: str = "local",
    scheduler: str | None = None,
    folder: str | Path | None = None,
    on_trial: Callable[[Trial], None] | None = None,
) -> Exploration:
    """Tries designs with the compiler and its cycle estimate; writes the best and the front.

    model, board, config: as in ``compile``; engines and sizes are what is explored
    objective: ``latency`` (cycles of an answer), ``throughput`` (of a token) or ``area`` (cells)
    rate: tokens a second that the design must reach at the board's clock
    trials: choices to try; seed: of the search
    prompt, tokens: lengths of the answer whose cycles count; None: as ``answer_lengths`` says
    jobs: local processes; engine: ``local`` or ``dask``, with the address of its scheduler
    folder: keeps trials, front and best design, so that a second exploration goes on; None:
        ``build/<model>-<board>-exploration`` below the current folder
    on_trial: called with each trial

    Returns  all trials; ``.best.choice.config(config)`` are the choices of the best design

    Raises   ``UserError`` for numbers that make no sense, ``BuildError`` if no design is found
    """
    wanted = objective if isinstance(objective, Objective) else _objective(objective)
    names = getattr(model, "name", str(model)), getattr(board, "name", str(board))
    usual = default_folder(*names)
    place = usual.with_name(f"{usual.name}-exploration") if folder is None else Path(folder)
    check_output(place, {TRIALS_FILE, FRONT_FILE, BEST_FILE}, _written)
    model, board = loaded(model, board)
    prompt, tokens = answer_lengths(model.graph.context, prompt, tokens)
    if not 0 <= seed < SEEDS:
        raise UserError(f"Seed must be from 0 to {SEEDS - 1}, not {seed}")
    _check(model, trials, prompt, tokens)
    base = with_bits(model, board, config or BuildConfig())
    design = compile_model(model, board, base, stop="quantize")
    evaluator = Evaluator(design=design, prompt=prompt, tokens=tokens)
    key = build_key(model, board, BuildConfig(quantization=base.quantization), None)
    about = {
        "model": model.name, "board": board.name, "prompt": prompt, "tokens": tokens, "digest": key
    }  # fmt: skip
    with _workers(evaluator, jobs, engine, scheduler) as evaluate:
        exploration = searched(
            evaluator,
            evaluate,
            Journal(place / TRIALS_FILE, about),
            goal_of(board, wanted, rate),
            trials=trials,
            seed=seed,
            on_trial=on_trial,
        )
    facts = {"model": model.name, "board": board.name}
    data = {**facts, "clock_mhz": board.clock_mhz, **exploration.to_json()}
    best = exploration.best
    write_whole(place / FRONT_FILE, json.dumps(data, indent=1) + "\n")
    write_choice(best.choice, place / BEST_FILE, **facts)
    return exploration


def answer_lengths(context: int, prompt: int | None, tokens: int | None) -> tuple[int, int]:
    """Tokens of prompt and answer: 32 of each that is not given, or as many as the context has
    room for."""
    if prompt is None:
        room = context // 2 if tokens is None else context - tokens
        prompt = max(1, min(ANSWER, room))
    if tokens is None:
        tokens = max(1, min(ANSWER, context - prompt))
    return prompt, tokens


def _written(place: Path) -> frozenset[str]:
    """The files in a folder that an earlier exploration wrote: all of them if its trials are."""
    file = place / TRIALS_FILE
    if not file.is_file() or not file.read_bytes().startswith(b'{"about": '):
        return frozenset()
    return frozenset({TRIALS_FILE, FRONT_FILE, BEST_FILE})


def _objective(name: str) -> Objective:
    try:
        return Objective(name)
    except ValueError:
        known = [objective.value for objective in Objective]
        raise UserError(
            f"Objective must be one of {', '.join(known)}, not {name!r}",
            hint=did_you_mean(name, known),
        ) from None


def goal_of(board: Board, objective: Objective, rate: float | None) -> Goal:
    """What is best on a board; raises ``UserError`` for a rate (tokens a second) that is none."""
    if rate is not None and not 0 < rate < math.inf:
        raise UserError(f"Rate must be more than 0 tokens a second, and finite, not {rate:g}")
    cycles = None if rate is None else board.clock_mhz * 1e6 / rate
    return Goal(objective=objective, most_cycles=cycles)


def _check(model: Model, trials: int, prompt: int, tokens: int) -> None:
    if trials < 1:
        raise UserError(f"Trials must be at least 1, not {trials}")
    context = model.graph.context
    if min(prompt, tokens) < 1 or prompt + tokens > context:
        raise UserError(
            f"Prompt and answer must have at least 1 token each and at most {context} together, "
            f"not {prompt} and {tokens}"
        )


def _workers(
    evaluator: Evaluator, jobs: int, engine: str, scheduler: str | None
) -> AbstractContextManager[Evaluate]:
    if engine == "dask":
        return on_dask(evaluator, scheduler)
    return on_processes(evaluator, jobs)
