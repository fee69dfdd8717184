# SPDX-License-Identifier: Apache-2.0
"""Events of a schedule: the beats whose times are variables of the linear program."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["FIRST", "LAST", "Event", "Side", "ends"]

FIRST = 0
"""The number of the first beat."""
LAST = -1
"""Stands for the number of the last beat, however many there are."""


class Side(Enum):
    """Where a beat passes: into a task, out of a task, or into one of several streams of it."""

    INPUT = "i"
    OUTPUT = "o"
    STREAM = "stream"


@dataclass(frozen=True)
class Event:
    """A beat passes.

    owner: the task that takes or gives it, or the stream that is given it
    beat: its number, or ``LAST``
    """

    owner: str
    side: Side
    beat: int

    def __str__(self) -> str:
        which = {FIRST: "first", LAST: "last"}.get(self.beat, str(self.beat))
        return f"{self.owner}.{self.side.value}.{which}"


def ends(owner: str, side: Side) -> tuple[Event, Event]:
    """The first and the last beat of a side."""
    return Event(owner, side, FIRST), Event(owner, side, LAST)
