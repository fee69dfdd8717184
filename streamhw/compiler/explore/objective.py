# SPDX-License-Identifier: Apache-2.0
"""What a design achieves and costs, what the user wants of it, and which designs beat which."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ...boards.base import Board
from ..resources.fpga_cells import Cells
from .design_point import Choice

__all__ = ["Goal", "Invalid", "Objective", "Outcome", "Score", "Trial", "best_of", "front_of"]

UNMET = 1e15
"""Added to the value of a design that misses the wanted rate: worse than any that meets it."""


class Objective(Enum):
    """What is made as small as possible."""

    LATENCY = "latency"
    THROUGHPUT = "throughput"
    AREA = "area"


@dataclass(frozen=True, kw_only=True)
class Score:
    """Predicted cycles and estimated cells.

    prompt: cycles until the first new token; token: mean cycles of each further one; total: of the
    whole answer; share: of the board's budget, the kind of cell that most is used of
    """

    prompt: float
    token: float
    total: float
    luts: int
    ffs: int
    dsps: int
    block_ram: int
    ultra_ram: int
    share: float

    @property
    def axes(self) -> tuple[float, ...]:
        """What a design must be better in, in one of them, to be worth a look."""
        return (self.prompt, self.token, self.luts, self.dsps, self.block_ram + self.ultra_ram)


@dataclass(frozen=True)
class Invalid:
    """Why a choice is no design; ``reason`` begins with its kind."""

    reason: str


Outcome = Score | Invalid


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A choice that was tried. number: in order; origin: who proposed it"""

    number: int
    choice: Choice
    outcome: Outcome
    origin: str = "search"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """An objective, and the cycles of a token that must not be exceeded, if any."""

    objective: Objective
    most_cycles: float | None = None

    def value(self, score: Score) -> tuple[float, float]:
        """Smaller is better; the second number decides between equals."""
        if self.objective is Objective.AREA:
            value, second = score.share, score.total
        elif self.objective is Objective.THROUGHPUT:
            value, second = score.token, score.prompt
        else:
            value, second = score.total, score.share
        if self.most_cycles is not None and score.token > self.most_cycles:
            return UNMET + score.token, value
        return value, second

    def is_met(self, score: Score) -> bool:
        """Whether the design has the wanted rate."""
        return self.most_cycles is None or score.token <= self.most_cycles


def share_of(cells: Cells, board: Board) -> float:
    """The largest share of any kind of cell of a board."""
    budget = board.budget
    pairs = (
        (cells.luts, budget.luts),
        (cells.ffs, budget.ffs),
        (cells.dsps, budget.dsps),
        (cells.block_ram, budget.block_ram),
        (cells.ultra_ram, budget.ultra_ram),
    )
    return max(float(used / have) for used, have in pairs if have)


def best_of(trials: Iterable[Trial], goal: Goal) -> Trial | None:
    """The best trial; the earliest of equals."""
    best: tuple[tuple[float, float], Trial] | None = None
    for trial in trials:
        if isinstance(trial.outcome, Score):
            value = goal.value(trial.outcome)
            if best is None or value < best[0]:
                best = (value, trial)
    return None if best is None else best[1]


def front_of(trials: Iterable[Trial]) -> list[Trial]:
    """Trials that no other one beats in any way without being worse in another."""
    front: list[tuple[tuple[float, ...], Trial]] = []
    for trial in trials:
        if not isinstance(trial.outcome, Score):
            continue
        axes = trial.outcome.axes
        if any(_covers(other, axes) for other, _ in front):
            continue
        front = [(o, t) for o, t in front if not _covers(axes, o)]
        front.append((axes, trial))
    return [trial for _, trial in sorted(front, key=lambda pair: (pair[0][1], pair[0][0]))]


def _covers(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True))
