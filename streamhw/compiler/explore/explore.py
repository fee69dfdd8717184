# SPDX-License-Identifier: Apache-2.0
"""An exploration from quantized model to the best design, as data."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import BuildError
from ..ir.json_codec import encode
from ..mapping.engine_sharing import formats_of, share_engines
from ..mapping.tiling import check_tiling, choose_tiling
from .design_point import Choice, chosen_by
from .evaluate import Evaluator
from .intensity_driven import unroll_by_intensity
from .objective import Goal, Invalid, Outcome, Score, Trial, best_of, front_of
from .search import Found, search
from .space import Space, space_of
from .trial_log import Journal
from .workers import Evaluate

__all__ = ["DEFAULT", "INTENSITY", "Exploration", "explore", "space_for"]

DEFAULT = "default rule"
INTENSITY = "intensity"


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """All trials, and what they say."""

    goal: Goal
    found: Found

    @property
    def best(self) -> Trial:
        """Raises ``BuildError`` if no choice fits, or none meets the wanted rate."""
        best = best_of(self.found.trials, self.goal)
        if best is None or not isinstance(best.outcome, Score):
            reasons = "; ".join(f"{n} times {kind}" for kind, n in self.invalid.most_common(3))
            raise BuildError(
                f"Some design must fit the board, but none of {len(self.found.trials)} does: "
                f"{reasons}"
            )
        if not self.goal.is_met(best.outcome):
            raise BuildError(
                f"Some design must take at most {self.goal.most_cycles:,.0f} cycles a token, but "
                f"the fastest one found takes {best.outcome.token:,.0f}",
                hint="a lower --rate, more --trials, or another board",
            )
        return best

    @property
    def front(self) -> list[Trial]:
        """Designs that no other one beats."""
        return front_of(self.found.trials)

    @property
    def invalid(self) -> Counter[str]:
        """How many choices were no designs, by the kind of reason."""
        outcomes = (trial.outcome for trial in self.found.trials)
        return Counter(o.reason.split(":")[0] for o in outcomes if isinstance(o, Invalid))

    def of(self, origin: str) -> Trial | None:
        """The best trial that someone proposed."""
        return best_of((t for t in self.found.trials if t.origin == origin), self.goal)

    def to_json(self) -> dict[str, Any]:
        """The front and the designs that it is compared with, as data for reports."""

        def row(trial: Trial) -> dict[str, Any]:
            return {
                "number": trial.number,
                "origin": trial.origin,
                "score": encode(trial.outcome),
                "choice": encode(trial.choice),
            }

        starts = (self.of(DEFAULT), self.of(INTENSITY))
        return {
            "schema": 1,
            "goal": encode(self.goal),
            "trials": len(self.found.trials),
            "skipped": self.found.skipped,
            "is_exact": self.found.is_exact,
            "invalid": dict(self.invalid),
            "best": row(self.best),
            "compared": [row(trial) for trial in starts if trial is not None],
            "front": [row(trial) for trial in self.front],
        }


def space_for(evaluator: Evaluator) -> Space:
    """The space that the choices of a build leave open: what the user fixed stays fixed."""
    design, config = evaluator.design, evaluator.design.config
    fixed = None
    if config.sharing != type(config).sharing:
        assignments = share_engines(
            design.graph, formats_of(design.graph, design.quantization), config.sharing
        )
        fixed = tuple(assignment.nodes for assignment in assignments)
    return space_of(
        design.graph,
        design.board,
        evaluator.formats,
        sharing=fixed,
        token_batch=config.token_batch,
        multipliers=config.multipliers,
        cache_bits=design.cache_bits,
    )


def explore(
    evaluator: Evaluator,
    evaluate: Evaluate,
    journal: Journal,
    goal: Goal,
    *,
    trials: int,
    seed: int,
    on_trial: Callable[[Trial], None] | None = None,
) -> Exploration:
    """Tries the default rule, intensity-driven unrolling, and what the search proposes.

    Ensures  outcomes that the journal knows are not computed again; the same seed gives the same
             trials
    """
    space = space_for(evaluator)

    def known_or_new(choices: Sequence[Choice]) -> list[Outcome]:
        new = [choice for choice in choices if choice.key not in journal.outcomes]
        for choice, outcome in zip(new, evaluate(new), strict=True):
            journal.add(choice, outcome)
        return [journal.outcomes[choice.key] for choice in choices]

    def fits(choice: Choice) -> bool:
        return isinstance(known_or_new([choice])[0], Score)

    found = search(
        space,
        known_or_new,
        lambda choice: evaluator.bound(space.assignments(choice.sharing), choice.tiling),
        goal,
        starts=_starts(evaluator, space, fits),
        trials=trials,
        seed=seed,
        on_trial=on_trial,
    )
    return Exploration(goal=goal, found=found)


def _starts(
    evaluator: Evaluator, space: Space, fits: Callable[[Choice], bool]
) -> list[tuple[str, Choice]]:
    design, config = evaluator.design, evaluator.design.config
    board, target = design.board, config.target(design.board.target)
    starts: list[tuple[str, Choice]] = []
    assignments = share_engines(
        design.graph, formats_of(design.graph, design.quantization), config.sharing
    )
    try:
        tiling = choose_tiling(design.graph, board, target, assignments, design.cache_bits)
        check_tiling(design.graph, board, assignments, tiling)
        starts.append((DEFAULT, chosen_by(assignments, tiling)))
    except BuildError:
        pass  # the search may find what the rule does not
    partitions = list(space.partitions())
    group = min(space.groups, key=lambda tokens: abs(tokens - target.token_batch))
    for groups in dict.fromkeys((partitions[0], partitions[-1])):
        unrolled = unroll_by_intensity(space, groups, group, fits)
        if unrolled is not None:
            starts.append((INTENSITY, unrolled))
    return starts
