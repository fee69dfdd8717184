# SPDX-License-Identifier: Apache-2.0
"""The search: every choice where they are few, Bayesian where they are many."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .design_point import Choice
from .objective import Goal, Invalid, Objective, Outcome, Score, Trial, best_of
from .space import Space
from .workers import Evaluate

__all__ = ["EXACT", "Bound", "Found", "search"]

T = TypeVar("T")
EXACT = 2_000
"""Choices up to which all of them are looked at."""
BATCH = 8
"""Choices that are proposed before their outcomes are known: the same for any number of jobs, so
that a seed gives the same search everywhere."""
WORST = 1e18
"""What the sampler hears of a choice that is no design."""

Bound = Callable[[Choice], float]
"""Cycles of the answer that a choice takes at least."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search tried.

    skipped: choices whose bound was no better than the best design; is_exact: whether no choice of
    the space is better than the best trial
    """

    trials: tuple[Trial, ...]
    skipped: int
    is_exact: bool


def search(
    space: Space,
    evaluate: Evaluate,
    bound: Bound,
    goal: Goal,
    *,
    starts: Sequence[tuple[str, Choice]],
    trials: int,
    seed: int,
    on_trial: Callable[[Trial], None] | None = None,
) -> Found:
    """Looks for the best choice.

    starts: choices that are tried first, with who proposed them; the result is never worse
    trials: how many choices the sampler may propose, if the space has more than ``EXACT``
    on_trial: called after each

    Chooses  best first by the bound, until no bound is better than the best design, if the space
             is small: then the result is the best there is; else Optuna's tree-structured Parzen
             estimator, seeded
    """
    run = _Run(evaluate, goal, on_trial)
    run.batch([(choice, origin) for origin, choice in starts])
    if space.size(EXACT) <= EXACT:
        run.exact(space, bound)
        return run.found(is_exact=True)
    run.sampled(space, bound, [choice for _, choice in starts], trials, seed)
    return run.found(is_exact=False)


class _Run:
    """Trials so far."""

    def __init__(self, evaluate: Evaluate, goal: Goal, on_trial: Callable[[Trial], None] | None):
        self._evaluate = evaluate
        self._goal = goal
        self._on_trial = on_trial
        self._trials: list[Trial] = []
        self._known: dict[str, Outcome] = {}
        self._skipped = 0

    def found(self, *, is_exact: bool) -> Found:
        return Found(trials=tuple(self._trials), skipped=self._skipped, is_exact=is_exact)

    def batch(self, proposed: Sequence[tuple[Choice, str]]) -> None:
        """Evaluates what is new."""
        new = {c.key: (c, origin) for c, origin in proposed if c.key not in self._known}
        outcomes = self._evaluate([choice for choice, _ in new.values()])
        for (key, (choice, origin)), outcome in zip(new.items(), outcomes, strict=True):
            self._known[key] = outcome
            trial = Trial(number=len(self._trials), choice=choice, outcome=outcome, origin=origin)
            self._trials.append(trial)
            if self._on_trial is not None:
                self._on_trial(trial)

    def exact(self, space: Space, bound: Bound) -> None:
        bounded = [(bound(choice), choice) for choice in space.choices(EXACT)]
        bounded.sort(key=lambda pair: pair[0])
        for part in _parts(bounded, BATCH):
            open_ = [(choice, "exact") for least, choice in part if not self._cannot_win(least)]
            self._skipped += len(part) - len(open_)
            self.batch(open_)

    def sampled(
        self, space: Space, bound: Bound, starts: Sequence[Choice], trials: int, seed: int
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(10, trials // 8))
        study = optuna.create_study(sampler=sampler)
        for start in starts:
            try:
                picked = space.encode(start)
            except ValueError:
                continue
            study.enqueue_trial({name: (i + 0.5) / n for name, (i, n) in picked.items()})

        def proposal() -> tuple[optuna.Trial, Choice]:
            trial = study.ask()

            def pick(name: str, options: Sequence[T]) -> T:
                place = trial.suggest_float(name, 0.0, 1.0) if len(options) > 1 else 0.0
                return options[min(int(place * len(options)), len(options) - 1)]

            return trial, space.decode(pick)

        for begin in range(0, trials, BATCH):
            proposed = [proposal() for _ in range(min(BATCH, trials - begin))]
            bounds = [bound(choice) for _, choice in proposed]
            losing = [
                choice.key not in self._known and self._cannot_win(least)
                for least, (_, choice) in zip(bounds, proposed, strict=True)
            ]
            self._skipped += sum(losing)
            self.batch(
                [(c, "search") for (_, c), lost in zip(proposed, losing, strict=True) if not lost]
            )
            for (trial, choice), least, lost in zip(proposed, bounds, losing, strict=True):
                study.tell(trial, least if lost else self._heard(self._known[choice.key]))

    def _heard(self, outcome: Outcome) -> float:
        return WORST if isinstance(outcome, Invalid) else self._goal.value(outcome)[0]

    def _cannot_win(self, least: float) -> bool:
        """Whether a design of at least so many cycles is no better than the best one."""
        if self._goal.objective is not Objective.LATENCY:
            return False
        best = best_of(self._trials, self._goal)
        return (
            best is not None
            and isinstance(best.outcome, Score)
            and self._goal.is_met(best.outcome)
            and least > best.outcome.total
        )


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[begin : begin + size] for begin in range(0, len(items), size))
