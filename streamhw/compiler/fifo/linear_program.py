# SPDX-License-Identifier: Apache-2.0
"""FIFO depths from a linear program over the times of events."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from ...errors import InternalError
from ...frozen_map import freeze
from .certificate import Certificate
from .constraints import MINIMUM, READ, SLACK, Equalization, FifoProgram, FifoStream, Rule
from .deadlock import Verdict, WaitReason
from .event import Event

__all__ = [
    "Depths",
    "arrivals",
    "cost_of",
    "earliest",
    "room",
    "schedule",
    "size_fifos",
    "stretched",
]

ROUNDS = 4
"""Programs at most for one answer: each forgets what waiting costs where all beats wait anyway."""


@dataclass(frozen=True)
class Depths:
    """The answer: a depth (beats) and a delay (cycles that the first beat waits longer than it
    must) a stream, the schedules that prove them, and for every stream of the design why it is in
    no deadlock, at any speed where no schedule is needed.

    ``binding`` names the streams that need more than the minimum: those the program is about.
    ``dependency_cycles``: for each converter that could hold less, processes that may wait for
    each other for ever if it did. ``ahead``: beats of the queue of parameters, in the
    buffer of their DMA.
    """

    depth: Mapping[str, int]
    delay: Mapping[str, float]
    certificates: tuple[Certificate, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    dependency_cycles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ahead: int = 0

    def __post_init__(self) -> None:
        freeze(self, "depth", "delay", "dependency_cycles")

    @property
    def binding(self) -> tuple[str, ...]:
        return tuple(name for name, depth in self.depth.items() if depth > MINIMUM)

    def proof(self, stream: str) -> str:
        """Why a stream is in no deadlock, in words; memory always answers."""
        found = {v.why for v in self.verdicts if v.stream == stream}
        weakest = (
            why
            for why in (WaitReason.SCHEDULE, WaitReason.BRIDGE, WaitReason.HOLDS)
            if why in found
        )
        return next(weakest).value if found else "between a part and memory"


def size_fifos(
    programs: Sequence[FifoProgram], equalization: Equalization = Equalization.NORMAL
) -> Depths:
    """Depths with which every program has a schedule that no FIFO disturbs.

    Assumes    programs describe the same streams at different values of the symbols
    Ensures    for each of them a certificate: times that keep all rules, and with these depths
               every write finds room; a run that starts every task as soon as it can is never
               later than these times, so it does not deadlock, and, with ``NORMAL``, has its
               results when FIFOs without bound would give them
    Chooses    the schedule of least waiting (``cost_of``) in which no result is late, then the
               least whole depths of it, at least ``MINIMUM``; over programs the deepest
    Complexity a few linear programs with a variable an event and a row a rule (HiGHS); no paths
               are enumerated, since times imply every path's sum
    Raises     ``InternalError`` if the rules of a program contradict each other
    Source     StreamTensor (MICRO'25) section 5, with potentials in place of path constraints
    """
    schedules = [(program, schedule(program, equalization)) for program in programs]
    depth: dict[str, int] = {}
    delay: dict[str, float] = {}
    for program, time in schedules:
        for stream in program.streams:
            wanted = max(MINIMUM, stream.depth(time))
            depth[stream.name] = max(depth.get(stream.name, 0), wanted)
            delay[stream.name] = max(delay.get(stream.name, 0.0), stream.delay(time))
    certificates = tuple(
        Certificate(program=program, time=time, depth={s.name: depth[s.name]
                                                       for s in program.streams})
        for program, time in schedules
    )  # fmt: skip
    return Depths(depth, delay, certificates)


def schedule(
    program: FifoProgram, equalization: Equalization = Equalization.NORMAL, rounds: int = ROUNDS
) -> dict[Event, float]:
    """The times of least waiting with which every result comes as early as possible, or as early as
    where everything is as slow as the slowest.

    A stream of which all beats wait needs no more room however long they do: such streams then
    cost nothing, and the program is solved again, for as long as that saves bits.
    """
    solver = _Solver(program)
    first = solver.solve(dict.fromkeys(program.events, 1.0))
    free: frozenset[str] = frozenset()
    slow = equalization is Equalization.CONSERVATIVE
    ends = earliest(stretched(program)) if slow else first
    latest = {e: ends[e] + program.tolerance for e in program.results}
    best: dict[Event, float] | None = None
    bits = 0
    for _ in range(rounds):
        weight = {s.name: 0.0 if s.name in free else weight_of(s, first) for s in program.streams}
        time = solver.solve(cost_of(program, weight), latest)
        found = sum(s.bits * max(MINIMUM, s.depth(time)) for s in program.streams)
        if best is not None and found >= bits:
            break
        best, bits = time, found
        full = {s.name for s in program.streams if MINIMUM < s.count <= s.depth(time)}
        if full <= free:
            break
        free |= full
    assert best is not None
    return best


def earliest(program: FifoProgram, depth: Mapping[str, int] | None = None) -> dict[Event, float]:
    """When every event happens at the earliest, the first at 0: with queues without bound, or with
    these depths.

    Raises  ``InternalError`` if the depths allow no schedule: straight lines would deadlock
    """
    if depth is not None:
        program = replace(program, rules=(*program.rules, *room(program, depth)))
    return _Solver(program).solve(dict.fromkeys(program.events, 1.0))


def weight_of(stream: FifoStream, time: Mapping[Event, float]) -> float:
    """Bits that a cycle of waiting costs for each beat of a stream: its bits over the cycles in
    which its beats pass. What fits into the least FIFO waits for nothing."""
    if stream.count <= MINIMUM:
        return 0.0
    writes, reads = stream.writes(time), stream.reads(time)
    return stream.bits / max(1.0, writes[-1] - writes[0], reads[-1] - reads[0])


def cost_of(program: FifoProgram, weight: Mapping[str, float]) -> dict[Event, float]:
    """Coefficients of the objective: over all streams, the bits that wait on average, which is
    weight x sum over the beats of read - write, by the trapezium rule between known beats."""
    cost = dict.fromkeys(program.events, 0.0)
    for stream in program.streams:
        for share, written, read in zip(
            _shares(stream.beats), stream.written, stream.read, strict=True
        ):
            cost[read] += weight[stream.name] * share
            cost[written] -= weight[stream.name] * share
    return cost


def arrivals(program: FifoProgram) -> tuple[Rule, ...]:
    """That no beat is read before it is written and handed on."""
    return tuple(
        Rule(((read, 1.0), (written, -1.0)), stream.lag + READ, f"beats of {stream.name}")
        for stream in program.streams
        for written, read in zip(stream.written, stream.read, strict=True)
    )


def room(program: FifoProgram, depth: Mapping[str, int]) -> Iterator[Rule]:
    """That no beat is written before a slot is free: at the ends of all straight lines."""
    for stream in program.streams:
        last, capacity = stream.beats[-1], depth[stream.name]
        for beat in dict.fromkeys((*stream.beats, *(b - capacity for b in stream.beats))):
            if 0 <= beat <= last - capacity:
                terms = [*_at(stream.beats, stream.written, beat + capacity)]
                terms += [(e, -k) for e, k in _at(stream.beats, stream.read, beat)]
                yield Rule(tuple(terms), READ - stream.lag, f"room in {stream.name}")


def _at(beats: Sequence[int], events: Sequence[Event], beat: int) -> Iterator[tuple[Event, float]]:
    """The time of a beat as a mean of the events before and after it."""
    k = bisect_left(beats, beat)
    if beats[k] == beat:
        yield events[k], 1.0
        return
    share = (beat - beats[k - 1]) / (beats[k] - beats[k - 1])
    yield events[k - 1], 1.0 - share
    yield events[k], share


def stretched(program: FifoProgram) -> FifoProgram:
    """The program with every side of a task as long as the longest: conservative equalization.

    All that depends on how long a task takes or gives is stretched with it, so that the slow
    schedule is one that the tasks can keep. Its results bound those of conservative depths.
    """
    time = earliest(program)
    longest = max(((time[b] - time[a]) / share for a, b, share in program.sides), default=0.0)
    rules = tuple(
        Rule(((last, 1.0), (first, -1.0)), share * longest, "as slow as the slowest")
        for first, last, share in program.sides
        if first != last
    )
    return replace(program, rules=(*program.rules, *rules))


def _shares(beats: Sequence[int]) -> list[float]:
    if len(beats) == 1:
        return [1.0]
    gaps = [b - a for a, b in pairwise(beats)]
    count = beats[-1] + 1
    scale = count / (count - 1)
    return [
        scale * (before + after) / 2 for before, after in zip([0, *gaps], [*gaps, 0], strict=True)
    ]


class _Solver:
    """The rules of a program as a matrix, for several objectives."""

    def __init__(self, program: FifoProgram):
        self._events = program.events
        index = {event: i for i, event in enumerate(program.events)}
        rules = (*program.rules, *arrivals(program))
        terms = [
            (row, index[event], -coefficient)
            for row, rule in enumerate(rules)
            for event, coefficient in rule.terms
        ]
        rows, columns, values = zip(*terms, strict=True) if terms else ((), (), ())
        self._matrix = csr_matrix((values, (rows, columns)), shape=(len(rules), len(index)))
        self._limit = np.array([-rule.bound for rule in rules])

    def solve(
        self, cost: Mapping[Event, float], latest: Mapping[Event, float] | None = None
    ) -> dict[Event, float]:
        """Times from 0 on that keep all rules, no event after its latest time, at least cost."""
        latest = latest or {}
        within = [(0.0, latest[e] + SLACK / 10 if e in latest else None) for e in self._events]
        objective = np.array([cost[event] for event in self._events])
        answer = linprog(
            objective, A_ub=self._matrix, b_ub=self._limit, bounds=within, method="highs"
        )
        if answer.status != 0:
            raise InternalError(
                f"FIFO sizing must have a schedule, but HiGHS says: {answer.message.strip()}"
            )
        return dict(zip(self._events, answer.x.tolist(), strict=True))
