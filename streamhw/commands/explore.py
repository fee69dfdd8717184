# SPDX-License-Identifier: Apache-2.0
"""``streamhw explore``: the design space of a model on a board, and the best design for a goal."""

from dataclasses import dataclass, replace
from pathlib import Path

from ..api import explore as api_explore
from ..api.explore import BEST_FILE, FRONT_FILE, TRIALS_FILE, answer_lengths, goal_of
from ..boards.base import Board, load_board
from ..compiler.explore.explore import Exploration
from ..compiler.explore.objective import Invalid, Objective, Score, Trial, best_of
from ..report.fitted_table import FittedTable, numbers, words
from .build import BuildRequest, request_with_bits
from .records.explorations import ExploreRecord, TrialRecord
from .show import Console, progress

__all__ = ["ExploreRequest", "explore_model", "optimized"]

ROWS = 24
"""Most rows of the printed front; the file has all."""


@dataclass(frozen=True, kw_only=True)
class ExploreRequest:
    """What the user typed.

    build: model, board, number formats and what of the design is fixed; its folder is not used
    rate: tokens a second that the design must reach at the board's clock
    prompt, tokens: of the answer whose cycles count; None: what ``answer_lengths`` says
    jobs: local processes; scheduler: address of a Dask cluster instead
    """

    build: BuildRequest
    objective: Objective
    rate: float | None = None
    trials: int = 300
    seed: int = 0
    prompt: int | None = None
    tokens: int | None = None
    jobs: int = 1
    engine: str = "local"
    scheduler: str | None = None

    @property
    def folder(self) -> Path:
        """Where trials, front and best design are kept."""
        request = self.build
        named = f"{Path(request.model).name}-{Path(request.board).stem}-exploration"
        return request.output or Path("build") / named


def explore_model(request: ExploreRequest, console: Console) -> Exploration:
    """Explores, writes front and best design, and prints the front.

    Raises ``UserError`` for numbers that make no sense, ``BuildError`` if no design is found.
    """
    build, folder = request.build, request.folder
    board, model = load_board(build.board), build.load()
    prompt, tokens = answer_lengths(model.graph.context, request.prompt, request.tokens)
    request = replace(request, prompt=prompt, tokens=tokens)
    build = request_with_bits(build, model, board, console)
    goal = goal_of(board, request.objective, request.rate)
    with progress(console) as shown:
        task = shown.add_task("quantize", total=request.trials, detail="")
        seen: list[Trial] = []

        def on_trial(trial: Trial) -> None:
            seen.append(trial)
            console.tell(_trial_record(trial))
            best = best_of(seen, goal)
            said = "no design yet"
            if best is not None and isinstance(best.outcome, Score):
                said = f"best {_told(best.outcome)}"
            valid = sum(isinstance(t.outcome, Score) for t in seen)
            shown.update(
                task,
                description="explore",
                completed=len(seen),
                detail=f"{valid} designs, {len(seen) - valid} that cannot be, {said}",
            )

        exploration = api_explore.explore(
            model,
            board,
            build.config,
            objective=request.objective,
            rate=request.rate,
            trials=request.trials,
            seed=request.seed,
            prompt=request.prompt,
            tokens=request.tokens,
            jobs=request.jobs,
            engine=request.engine,
            scheduler=request.scheduler,
            folder=folder,
            on_trial=on_trial,
        )
    console.tell(_record(exploration, board, request))
    console.print(_table(exploration, board, request))
    _conclude(exploration, console, folder)
    return exploration


def optimized(request: ExploreRequest, console: Console) -> BuildRequest:
    """The build of the best design that an exploration beside its folder finds."""
    build = request.build
    beside = build.folder.with_name(f"{build.folder.name}-exploration")
    exploration = explore_model(replace(request, build=replace(build, output=beside)), console)
    return replace(build, config=exploration.best.choice.config(build.config))


def _trial_record(trial: Trial) -> TrialRecord:
    outcome = trial.outcome
    return TrialRecord(
        number=trial.number,
        origin=trial.origin,
        score=outcome if isinstance(outcome, Score) else None,
        reason=outcome.reason if isinstance(outcome, Invalid) else None,
    )


def _record(exploration: Exploration, board: Board, request: ExploreRequest) -> ExploreRecord:
    assert request.prompt is not None and request.tokens is not None
    return ExploreRecord(
        model=request.build.model,
        board=board.name,
        objective=request.objective.value,
        rate=request.rate,
        prompt=request.prompt,
        tokens=request.tokens,
        trials=len(exploration.found.trials),
        skipped=exploration.found.skipped,
        exact=exploration.found.is_exact,
        best=exploration.best.number,
        front=tuple(trial.number for trial in exploration.front),
        folder=str(request.folder),
    )


def _told(score: Score) -> str:
    return f"{score.total:,.0f} cycles, {score.share:.0%} of the board"


def _table(exploration: Exploration, board: Board, request: ExploreRequest) -> FittedTable:
    table = FittedTable(
        [
            *numbers("cycles/token", "prompt cycles", "LUT"),
            *numbers("DSP", "RAM", keeps=3),
            *numbers("of board"),
            *words("tokens", "lanes", keeps=2),
            *words("engines (rows x inputs x tokens > lanes)", keeps=1, running=True),
        ],
        title=f"{request.build.model} on {board.title}: designs that no other one beats, "
        f"prompt of {request.prompt}",
    )
    front, best = exploration.front, exploration.best
    if len(front) > ROWS:
        keep = {round(i * (len(front) - 1) / (ROWS - 1)) for i in range(ROWS)}
        front = [t for i, t in enumerate(front) if i in keep or t is best]
    for trial in front if best in front else [best, *front]:
        score, tiling = trial.outcome, trial.choice.tiling
        assert isinstance(score, Score)
        several = len(trial.choice.sharing) > 1
        engines = "; ".join(
            f"{'+'.join(nodes)} {engine}" if several else str(engine)
            for nodes, engine in zip(trial.choice.sharing, tiling.engines.values(), strict=True)
        )
        table.add_row(
            f"{score.token:,.0f}",
            f"{score.prompt:,.0f}",
            f"{score.luts:,}",
            f"{score.dsps:,}",
            f"{score.block_ram + score.ultra_ram:,}",
            f"{score.share:.1%}",
            str(tiling.token_batch),
            f"{tiling.lanes}/{tiling.attention_lanes}",
            engines,
            style="bold green" if trial is best else None,
        )
    return table


def _conclude(exploration: Exploration, console: Console, folder: Path) -> None:
    found, best = exploration.found, exploration.best
    assert isinstance(best.outcome, Score)
    invalid = ", ".join(f"{count} {kind}" for kind, count in exploration.invalid.items())
    console.print(
        f"{len(found.trials)} choices tried, {found.skipped} skipped by their bound; "
        f"no designs: {invalid or 'none'}"
        + ("; no choice of the space is better than the best" if found.is_exact else "")
    )
    for origin in ("default rule", "intensity"):
        trial = exploration.of(origin)
        if trial is None or not isinstance(trial.outcome, Score):
            console.print(f"{origin}: no design that fits")
            continue
        ratio = trial.outcome.total / best.outcome.total
        console.print(f"{origin}: {_told(trial.outcome)}; the best is {ratio:.2f} times as fast")
    console.print(f"best (design {best.number}, by {best.origin}): {_told(best.outcome)}")
    for name in (BEST_FILE, FRONT_FILE, TRIALS_FILE):
        console.print(f"  {folder / name}", soft_wrap=True)
