# SPDX-License-Identifier: Apache-2.0
"""The timing model: when beats pass, as linear rules over events, and how many of them wait."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import ceil, floor

from .event import Event

__all__ = [
    "MINIMUM",
    "READ",
    "SLACK",
    "Equalization",
    "FifoProgram",
    "FifoStream",
    "Profile",
    "Rule",
    "depth_of",
    "max_tokens",
    "waiting_beats",
]

MINIMUM = 2
"""Beats: the least depth at which a queue passes one beat a cycle."""

READ = 1
"""Cycles from a beat's write to its earliest read, and from its read to its slot's next use."""

SLACK = 1e-5
"""Cycles that two sums of rounded numbers may differ by."""


class Equalization(Enum):
    """How fast streams move in the schedule that FIFOs are sized for.

    NORMAL: no result is later than with FIFOs without bound; what nobody waits for slows down
    CONSERVATIVE: results may be later, by as much as if every side of a task lasted as long as the
        slowest one
    """

    NORMAL = "normal"
    CONSERVATIVE = "conservative"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The beats of one task, as a profile of the published model states them.

    initial: cycles from the task's start to its first beat (D)
    interval: cycles between beats (II)
    beats: that pass; the published tokens (T)
    """

    initial: float
    interval: float
    beats: int

    @property
    def total(self) -> float:
        """Cycles from the task's start to its last beat (L)."""
        return self.initial + (self.beats - 1) * self.interval


def max_tokens(source: Profile, target: Profile, delay: float) -> int:
    """The published bound on beats that wait, ``delay`` cycles from the source's start to the
    target's: equation 1 if the source is faster, else equation 2.

    Meaning  beats wait in the open interval between write and read, so that a beat read in the
             cycle of its write does not count, and one written as another is read takes its place;
             ``waiting_beats`` counts for a queue that needs ``READ`` cycles for both
    """
    beats = source.beats
    if source.interval < target.interval:
        return min(beats, beats - floor((source.total - delay) / target.interval))
    return min(beats, ceil((delay - source.initial) / source.interval))


@dataclass(frozen=True)
class Rule:
    """A linear rule over events: the sum of coefficient x cycle is at least ``bound``."""

    terms: tuple[tuple[Event, float], ...]
    bound: float
    why: str

    def __str__(self) -> str:
        terms = " ".join(f"{'-' if k < 0 else '+'} {abs(k):g} {e}" for e, k in self.terms)
        return f"{terms} >= {self.bound:g} ({self.why})"


@dataclass(frozen=True, kw_only=True)
class FifoStream:
    """The beats of one stream in one invocation; between the given ones lie straight lines.

    count: beats of the invocation; bits: payload width, the weight of a beat
    beats: those whose time is an event, from 0 to ``count`` - 1
    written, read: their events, as many as ``beats``
    lag: cycles from a source's event until its beat is in the queue
    """

    name: str
    source: str
    sink: str
    count: int
    bits: int
    beats: tuple[int, ...]
    written: tuple[Event, ...]
    read: tuple[Event, ...]
    lag: float = 0.0

    def writes(self, time: Mapping[Event, float]) -> tuple[float, ...]:
        """Cycles at which ``beats`` are written."""
        return tuple(time[event] + self.lag for event in self.written)

    def reads(self, time: Mapping[Event, float]) -> tuple[float, ...]:
        """Cycles at which ``beats`` are read."""
        return tuple(time[event] for event in self.read)

    def depth(self, time: Mapping[Event, float]) -> int:
        """The least depth with which no write is late."""
        return depth_of(self.beats, self.writes(time), self.reads(time))

    def delay(self, time: Mapping[Event, float]) -> float:
        """Cycles that the first beat waits longer than it must."""
        waits = time[self.read[0]] - time[self.written[0]] - self.lag - READ
        return round(max(0.0, waits), 3)


@dataclass(frozen=True, kw_only=True)
class FifoProgram:
    """What the tasks of one invocation can do.

    name: of the invocation; symbol_values: values of the symbols, for people
    rules: between events, from the kernels' formulas; times that keep them are a schedule
    streams: those whose depths are wanted
    results: events that nobody waits for
    sides: first and last event of what a task takes or gives, and the share of the invocation in
        which that passes
    tolerance: cycles that results may be late; straight lines are no better than half a cycle
    """

    rules: tuple[Rule, ...]
    streams: tuple[FifoStream, ...]
    results: tuple[Event, ...]
    sides: tuple[tuple[Event, Event, float], ...]
    tolerance: float = 0.0
    name: str = ""
    symbol_values: str = ""
    events: tuple[Event, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        found = dict.fromkeys(e for rule in self.rules for e, _ in rule.terms)
        found |= dict.fromkeys(e for s in self.streams for e in (*s.written, *s.read))
        object.__setattr__(self, "events", tuple(found))


def waiting_beats(*, beats: int, write_interval: float, read_interval: float, delay: float) -> int:
    """The exact depth for beats written every ``write_interval`` cycles from 0 on, and read every
    ``read_interval`` cycles from ``READ + delay`` on."""
    first, last = READ + delay, beats - 1
    return depth_of((0, last), (0.0, last * write_interval), (first, first + last * read_interval))


def depth_of(beats: Sequence[int], written: Sequence[float], read: Sequence[float]) -> int:
    """The least depth d with which beat i + d is written ``READ`` cycles after beat i is read or
    later, for every i.

    Assumes  times do not fall; between known beats they lie on straight lines
    Method   d - i is the first beat that may be written after beat i is read. In i that is a chain
             of straight pieces, so the integers next to the ends of pieces decide
    """
    count = beats[-1] + 1
    candidates = set(beats)
    for cycle in written:
        near = floor(_beat_at(beats, read, cycle - READ) + SLACK)
        candidates |= {near, near + 1}
    most = 1
    for i in candidates:
        if 0 <= i < count:
            free = _cycle_of(beats, read, i) + READ
            last = written[-1] + SLACK
            first = count if free > last else ceil(_beat_at(beats, written, free) - SLACK)
            most = max(most, first - i)
    return min(most, count)


def _cycle_of(beats: Sequence[int], cycles: Sequence[float], beat: int) -> float:
    k = min(bisect_right(beats, beat), len(beats) - 1)
    if k == 0 or beats[k] == beats[k - 1]:
        return cycles[k]
    share = (beat - beats[k - 1]) / (beats[k] - beats[k - 1])
    return cycles[k - 1] + share * (cycles[k] - cycles[k - 1])


def _beat_at(beats: Sequence[int], cycles: Sequence[float], cycle: float) -> float:
    """The first beat, as a real number, that passes at a cycle or later; -1 before all."""
    if cycle < cycles[0]:
        return -1.0
    k = bisect_left(cycles, cycle)
    if k == 0:
        return float(beats[0])
    if k == len(cycles):
        return float(beats[-1])
    share = (cycle - cycles[k - 1]) / (cycles[k] - cycles[k - 1])
    return beats[k - 1] + share * (beats[k] - beats[k - 1])
