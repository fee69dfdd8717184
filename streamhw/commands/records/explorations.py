# SPDX-License-Identifier: Apache-2.0
"""Records of ``explore``: one for each choice that is tried, and what came of them."""

from dataclasses import dataclass

from ...compiler.explore.objective import Score
from .record import Record

__all__ = ["ExploreRecord", "TrialRecord"]


@dataclass(frozen=True, kw_only=True)
class TrialRecord(Record):
    """A choice. origin: who proposed it; score: cycles and cells, None if it is no design, and
    then ``reason`` says why."""

    kind = "trial"
    number: int
    origin: str
    score: Score | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class ExploreRecord(Record):
    """The end of a search. best, front: numbers of trials; folder: has best.json, front.json and
    trials.jsonl.

    prompt, tokens: lengths of the answer whose cycles count; trials, skipped: tried, and left out
    since a bound says that they cannot be better; exact: whether nothing of the space is better
    """

    kind = "explore"
    model: str
    board: str
    objective: str
    rate: float | None
    prompt: int
    tokens: int
    trials: int
    skipped: int
    exact: bool
    best: int
    front: tuple[int, ...]
    folder: str
