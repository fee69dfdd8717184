# SPDX-License-Identifier: Apache-2.0
"""When memory gives what it is asked for: the parameters that run ahead, and what tasks read."""

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from operator import itemgetter

__all__ = ["Clock", "Span", "Supply", "Use"]

PIECES = 32
"""In so many pieces at most a long transfer is followed."""
TURNS = 64
"""Latest uses of a memory port that are remembered."""


@dataclass(frozen=True)
class Span:
    """Cycles at which the first and the last beat of a stream pass."""

    first: float
    last: float

    def later(self, cycles: float) -> "Span":
        return Span(self.first + cycles, self.last + cycles)


@dataclass(frozen=True, kw_only=True)
class Use:
    """Parameters of one product, and what comes with them: ``beats`` leave the buffer from
    ``begin`` to ``end``.

    others: beats that memory gives to others before them; since: they are asked for no sooner
    pace: cycles from the first to the last at least, if all are there
    """

    beats: int
    others: float
    since: float
    begin: float
    end: float
    pace: float


@dataclass(kw_only=True)
class Supply:
    """The parameter stream from memory: a rate, a latency, and a buffer that runs ahead.

    port: of memory; rate: its beats a cycle; buffer: beats on chip; latency: cycles from a step
    that the reader knows to its first beat out of the buffer; behind: cycles from there to a part;
    outstanding: beats that memory has been asked for, at most: who asks next waits no longer,
    however much the reader still wants; pause: cycles that they may take longer, from all channels
    total: beats that are asked for when a step is known; routed: until when the demux, a beat
    a cycle, is held up by what it has given out: parts take turns, in the order of memory
    early: of all beats, those that are asked for whatever step comes; before: those of them that
    come before the step is known
    uses: is told of everything that passes the buffer, if it is wanted
    """

    port: str
    rate: float
    buffer: float
    latency: float
    outstanding: float = inf
    pause: float = 0.0
    behind: float = 0.0
    total: float = inf
    delivered: float = 0.0
    beats: float = 0.0
    early: float = 0.0
    routed: float = 0.0
    since: float = -1.0
    base: float = 0.0
    before: float = 0.0
    others: float = 0.0
    eaten: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])
    uses: list[Use] | None = None
    _kept: tuple[tuple[float, ...], list[tuple[float, float, float, float]]] | None = None
    """What ``_rooms`` found, and for what; None when it must be made."""

    @property
    def queue(self) -> float:
        """Cycles for which memory sends what it has been asked for, at most."""
        return self.outstanding / self.rate + self.pause

    def deliver(self, beats: int, since: float) -> float:
        """The cycle at which the next ``beats`` are at a part; none but early ones is asked for
        before ``since``."""
        self.until(since, since)
        self.beats += beats
        room = self._when_eaten(self.beats - self.buffer) + self.latency
        self.delivered = max(self._next(since, self.beats) + beats / self.rate, room)
        return self.delivered + self.behind

    def arrival(self, beats: float, since: float) -> float:
        """The cycle at which the next ``beats`` would be at a part, if there is room for them."""
        self.until(since, since)
        return self._next(since, self.beats + beats) + beats / self.rate + self.behind

    def _next(self, since: float, last: float) -> float:
        """The cycle from which on memory can send the beats up to ``last``."""
        return self.delivered if last <= self.early else max(self.delivered, since + self.latency)

    def until(self, cycle: float, since: float) -> float:
        """The cycle at which memory has sent all that it has been asked for before ``cycle``: all
        of the step that there is room for, but nothing before ``since`` that is not early."""
        if cycle < since == inf:
            return cycle
        if since != self.since:
            self.since, self.base = since, self.beats
            early = min(max(0.0, self.early - self.base), self.buffer)
            self.before = min(early, max(0.0, (since - self.delivered) * self.rate))
        if cycle <= since:
            return cycle
        asked = self._asked(self._eaten_by(cycle)) - self.before
        if asked <= 0:
            return cycle
        ends = [since + asked / self.rate]
        for begin, end, first, gone in self._rooms(since):
            if begin < cycle:
                # Room for the first of these, and for the last.
                ends += [first + (asked + self.before - gone) / self.rate, min(end, cycle)]
        return max(cycle, max(ends) + self.latency)

    def _rooms(self, since: float) -> list[tuple[float, float, float, float]]:
        """The runs of consumption behind ``since`` that make room for beats of the step: begin and
        end, the first cycle that counts, and what memory has been asked for by then.

        Kept until something is consumed or another step begins: a read asks again for each piece.
        """
        state = (since, self.base, self.total, self.buffer)
        if self._kept is None or self._kept[0] != state:
            base, total, buffer = self.base, self.total, self.buffer
            found = []
            for (before, begin), (beats, end) in pairwise(self.eaten):
                room = max(before, base) - base + buffer
                if end > since and beats > base and room < min(total, beats - base + buffer):
                    first = max(begin, since)
                    found.append((begin, end, first, self._asked(self._eaten_by(first))))
            self._kept = state, found
        return self._kept[1]

    def _asked(self, eaten: float) -> float:
        """Beats of the step that memory has been asked for when so many of all are consumed."""
        return min(self.total, max(eaten, self.base) - self.base + self.buffer)

    def idle(self, cycle: float, since: float) -> float:
        """The first cycle from ``cycle`` on in which memory sends nothing."""
        while (end := self._sends(cycle, since)) > cycle + 0.5:
            cycle = end
        return cycle

    def _sends(self, cycle: float, since: float) -> float:
        """Until when memory sends without a gap what it was asked for by ``cycle``: while beats
        leave the buffer at its own rate, it is asked for the next in each cycle."""
        asked = cycle - self.latency
        sends = self.until(asked, since)
        for _, end, first, _ in self._rooms(since):
            if first <= asked < end:
                beats = self._eaten_by(end) - self._eaten_by(asked)
                if beats > (end - asked) * self.rate - 0.5:
                    sends = max(sends, end + self.latency)
        return sends

    def give_way(self, beats: float) -> None:
        """Others take ``beats`` of the port: what is asked for later comes as much later."""
        self.delivered += beats / self.rate
        self.others += beats

    def route(self, beats: int, ahead: float, begin: float, lead: float) -> Span:
        """From when and until when ``beats`` pass the demux to a part that begins to take
        them, ``ahead`` of which may come before; ``lead``: cycles of what goes to others first."""
        free = self.routed + lead
        start = max(free, begin - ahead)
        self.eaten.append((self.beats, start))
        self._kept = None
        return Span(free, start + beats)

    def take(self, cycle: float, routed: float, pace: float = 0.0) -> None:
        """Notes that all beats delivered so far are consumed by ``cycle``, in ``pace`` cycles if
        they had been there, and that they have left the buffer, and the demux goes on to others,
        at ``routed``."""
        self.routed = routed
        (before, begin), at = self.eaten[-1], (self.beats, routed)
        if self.uses is not None:
            since = 0.0 if self.beats <= self.early else self.since
            beats = int(self.beats - before)
            self.uses.append(
                Use(
                    beats=beats,
                    others=self.others,
                    since=since,
                    begin=begin,
                    end=cycle,
                    pace=pace,
                )
            )
        self.others = 0.0
        self.eaten.append(at)
        del self.eaten[:-64]
        self._kept = None

    def _eaten_by(self, cycle: float) -> float:
        """Beats that have left the buffer by a cycle."""
        index = bisect_right(self.eaten, cycle, key=itemgetter(1))  # the first that leave later
        beats, at = self.eaten[index - 1] if index else (0.0, 0.0)
        if index == len(self.eaten) or cycle <= at:
            return beats
        more, end = self.eaten[index]
        return beats + (more - beats) * (cycle - at) / (end - at)

    def _when_eaten(self, beats: float) -> float:
        if beats <= 0:
            return -inf
        before = self.eaten[0]
        for point in self.eaten:
            if point[0] >= beats:
                share = (beats - before[0]) / max(point[0] - before[0], 1e-9)
                return before[1] + max(0.0, share) * (point[1] - before[1])
            before = point
        return before[1]


@dataclass(kw_only=True)
class Clock:
    """State that invocations hand on.

    supply: the parameter stream; turn: cycles of a port that a beat of a write takes besides its
    data; ahead: cycles that a write waits if parameters are under way; free: when each resource
    is; given: when each engine has given all results of earlier products; serving: when each memory
    port serves what tasks read and write themselves: (begin, end), in order
    """

    supply: Supply
    turn: float = 0.0
    ahead: float = 0.0
    free: dict[str, float] = field(default_factory=dict)
    given: dict[str, float] = field(default_factory=dict)
    serving: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def read(
        self, port: str, beats: float, begin: float, wait: float, since: float, window: float = inf
    ) -> Span:
        """When ``beats`` that are asked for from ``begin`` on pass a port, the first after
        ``wait`` cycles; no more than ``window`` are under way at once.

        Parameters that memory has been asked for before come first: once for all beats, or, of
        many, again and again, since there is room for the next when the first have come.
        """
        if port != self.supply.port or beats <= 0:
            return self._transfer(port, beats, begin + wait)
        piece = max(1.0, min(beats, window / 2), beats / PIECES)
        ends: list[float] = []
        first, left = 0.0, beats
        while left > 0:
            asked = begin if len(ends) < 2 or window == inf else max(begin, ends[-2])
            owed = min(self.supply.until(asked, since), asked + self.supply.queue)
            span = self._transfer(port, min(piece, left), max(asked + wait, owed, *ends[-1:]))
            first = span.first if not ends else first
            ends.append(span.last)
            left -= piece
        return Span(first, ends[-1])

    def write(self, port: str, beats: float, begin: float, since: float) -> Span:
        """When ``beats`` that are offered from ``begin`` on pass a port: before those of reads,
        but where these leave no cycle to anybody else."""
        full = port == self.supply.port and self.supply.rate == 1
        owed = self.supply.idle(begin, since) if full else begin
        if self.ahead and port == self.supply.port and self.supply.until(begin, since) > begin:
            owed = begin + self.ahead
        return self._transfer(port, beats * (1 + self.turn * self.supply.rate), owed)

    def _transfer(self, port: str, beats: float, begin: float) -> Span:
        """Tasks on one port take turns, in the order of time and not of the recurrence, and
        together take their share from the parameters asked for later: these run ahead, so that the
        port has no idle cycle to give when memory is what limits."""
        turns, left = self.serving.get(port, []), beats / self.supply.rate
        taken, at = [], begin
        for start, end in [*turns, (inf, inf)]:
            if end <= at:
                continue
            if start > at:
                taken.append((at, min(start, at + left)))
                left -= taken[-1][1] - at
                at = taken[-1][1]
                if left < 1e-6:  # what is left of the last cycle is rounding
                    break
            at = max(at, end)
        self.serving[port] = sorted([*turns, *taken])[-TURNS:]
        if port == self.supply.port:
            self.supply.give_way(beats)
        return Span(taken[0][0] if taken else at, at)
