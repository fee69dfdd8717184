# SPDX-License-Identifier: Apache-2.0
"""When every task of a step works: a dataflow recurrence over the kernels' own timing formulas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from ..kernels.base import Timing
from ..stream.itensor import Bindings

__all__ = ["HOP", "Activity", "Clock", "Link", "Span", "Supply", "Task", "Timeline"]

HOP = 2
"""Cycles that a queue adds between two kernels, before its depth is known."""

TURNS = 64
"""Latest uses of a memory port that are remembered."""


@dataclass(frozen=True)
class Span:
    """Cycles at which the first and the last beat of a stream pass."""

    first: float
    last: float

    def later(self, cycles: float) -> "Span":
        return Span(self.first + cycles, self.last + cycles)


@dataclass(frozen=True)
class Activity:
    """When a task accepts its input, and when its output passes."""

    input: Span
    output: Span


@dataclass(frozen=True, kw_only=True)
class Link:
    """A stream between two tasks; ``part`` of ``parts`` says which share of the source's output
    time it takes (chunks of one value leave one after another).

    inside: it does not leave the kernel: no FIFO; hop: cycles that its queue adds
    """

    name: str
    source: str
    sink: str
    tokens: Callable[[Bindings], int]
    bits: int
    part: int = 0
    parts: int = 1
    inside: bool = False
    hop: int = HOP

    def shares(self, tokens: int) -> tuple[float, float]:
        """Where in the source's output its ``tokens`` beats begin and end: 0 is the first beat of
        all parts, 1 the last."""
        last = max(1, self.parts * tokens - 1)
        return self.part * tokens / last, ((self.part + 1) * tokens - 1) / last


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kernel's work on one activation of one graph node.

    resource: the instance that does it; tasks of one resource run one after another
    accept: cycles in which it takes its input, if all is there
    exclusive: whether it takes nothing new before its last output
    stores: whether it keeps all of its input, for output that may come at any later time
    demand: beats of the parameter stream that it takes, if any; first: those that it begins with;
    behind: those of other parts that come just before; lead: cycles in which these pass the
    distributor; ahead: beats that wait in front of it, past the distributor; hold: cycles that they
    last
    wait: cycles to memory, or to it and back, that no kernel formula covers; answer: from memory
    back, of a write; pause: cycles that what comes from there takes longer than a beat each; less
    than none if some of it came before
    memory: the memory port that it reads or writes itself, if any
    traffic: its beats there
    apart: whether they pass beside what others read, as writes do
    writes: whether it writes there
    needs: beats of its input that the first output needs, if that is less than its latency
    before: beats of its input behind the first that the first output needs, however slow they
    come; unless given, as many as its latency, which its pipeline may hold
    give: beats that it gives at most one a cycle, if that may take longer than its input
    """

    name: str
    resource: str
    timing: Callable[[Bindings], Timing]
    accept: Callable[[Bindings], int]
    exclusive: bool = False
    stores: bool = False
    demand: int = 0
    first: float = 0.0
    behind: int = 0
    lead: float = 0.0
    ahead: float = 0.0
    hold: Callable[[Bindings], int] = lambda _: 0
    wait: float = 0.0
    answer: float = 0.0
    pause: Callable[[Bindings], int] = lambda _: 0
    memory: str | None = None
    traffic: Callable[[Bindings], float] = lambda _: 0.0
    apart: bool = False
    writes: bool = False
    needs: Callable[[Bindings], int] | None = None
    before: Callable[[Bindings], int] | None = None
    give: Callable[[Bindings], int] = lambda _: 0

    def input_ahead(self, bindings: Bindings) -> int:
        """Beats of the input behind the first that must come before the first output."""
        beats = min(self.timing(bindings).latency, self.accept(bindings) - 1)
        return beats if self.needs is None else min(beats, self.needs(bindings))


@dataclass(kw_only=True)
class Supply:
    """The parameter stream from memory: a rate, a latency, and a buffer that runs ahead.

    port: of memory; rate: its beats a cycle; buffer: beats on chip; latency: cycles from a step
    that the reader knows to its first beat out of the buffer; behind: cycles from there to a part;
    total: beats of a step; dealt: until when the distributor, a beat a cycle, is held up by what
    it has given out: parts take turns, in the order of memory
    """

    port: str
    rate: float
    buffer: int
    latency: float
    behind: float = 0.0
    total: float = inf
    delivered: float = 0.0
    beats: float = 0.0
    dealt: float = 0.0
    since: float = -1.0
    base: float = 0.0
    eaten: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])

    def deliver(self, beats: int, since: float) -> float:
        """The cycle at which the next ``beats`` are at a part; none is asked for before
        ``since``."""
        self.until(since, since)
        self.beats += beats
        room = self._when_eaten(self.beats - self.buffer) + self.latency
        self.delivered = max(max(self.delivered, since + self.latency) + beats / self.rate, room)
        return self.delivered + self.behind

    def arrival(self, beats: float, since: float) -> float:
        """The cycle at which the next ``beats`` would be at a part, if there is room for them."""
        self.until(since, since)
        return max(self.delivered, since + self.latency) + beats / self.rate + self.behind

    def until(self, cycle: float, since: float) -> float:
        """The cycle at which memory has sent all that it has been asked for before ``cycle``: all
        of the step that there is room for, but nothing before ``since``."""
        if cycle < since == inf:
            return cycle
        if since != self.since:
            self.since, self.base = since, self.beats
        if cycle <= since:
            return cycle
        eaten = max(self._eaten_by(cycle), self.base)
        asked = min(self.total, eaten - self.base + self.buffer)
        ends = [since + asked / self.rate]
        for beats, at in (*(p for p in self.eaten if since <= p[1] <= cycle), (eaten, cycle)):
            before = min(self.total, max(beats, self.base) - self.base + self.buffer)
            ends.append(at + (asked - before) / self.rate)
        return max(cycle, max(ends) + self.latency)

    def idle(self, cycle: float, since: float) -> float:
        """The first cycle from ``cycle`` on in which memory sends nothing."""
        while (end := self.until(cycle - self.latency, since)) > cycle + 0.5:
            cycle = end
        return cycle

    def give_way(self, beats: float) -> None:
        """Others take ``beats`` of the port: what is asked for later comes as much later."""
        self.delivered += beats / self.rate

    def deal(self, beats: int, ahead: float, begin: float, lead: float) -> Span:
        """From when and until when ``beats`` pass the distributor to a part that begins to take
        them, ``ahead`` of which may come before; ``lead``: cycles of what goes to others first."""
        free = self.dealt + lead
        start = max(free, begin - ahead)
        self.eaten.append((self.beats, start))
        return Span(free, start + beats)

    def eat(self, cycle: float, dealt: float) -> None:
        """Notes that all beats delivered so far are consumed by ``cycle``, and that the distributor
        goes on to others at ``dealt``."""
        self.dealt = dealt
        self.eaten.append((self.beats, cycle))
        del self.eaten[:-64]

    def _eaten_by(self, cycle: float) -> float:
        """Beats that are consumed by a cycle."""
        beats, at = 0.0, 0.0
        for more, end in self.eaten:
            if end > cycle:
                return beats + (more - beats) * max(0.0, cycle - at) / (end - at)
            beats, at = more, end
        return beats

    def _when_eaten(self, beats: float) -> float:
        before = self.eaten[0]
        for point in self.eaten:
            if point[0] >= beats:
                share = (beats - before[0]) / max(point[0] - before[0], 1e-9)
                return before[1] + max(0.0, share) * (point[1] - before[1])
            before = point
        return before[1]


@dataclass(kw_only=True)
class Clock:
    """State that activations hand on: when each resource is free, the parameter stream, and when
    each memory port serves what tasks read and write themselves: (begin, end), in order."""

    supply: Supply
    free: dict[str, float] = field(default_factory=dict)
    serving: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def read(self, port: str, beats: float, begin: float, wait: float, since: float) -> Span:
        """When ``beats`` that are asked for from ``begin`` on pass a port, the first after
        ``wait`` cycles. Parameters that memory owes already come first."""
        owed = self.supply.until(begin, since) if port == self.supply.port else begin
        return self._transfer(port, beats, max(begin + wait, owed))

    def write(self, port: str, beats: float, begin: float, since: float) -> Span:
        """When ``beats`` that are offered from ``begin`` on pass a port: before those of reads,
        but where these leave no cycle to anybody else."""
        full = port == self.supply.port and self.supply.rate == 1
        owed = self.supply.idle(begin, since) if full else begin
        return self._transfer(port, beats, owed)

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
                if left <= 0:
                    break
            at = max(at, end)
        self.serving[port] = sorted([*turns, *taken])[-TURNS:]
        if port == self.supply.port:
            self.supply.give_way(beats)
        return Span(taken[0][0], at)


@dataclass(frozen=True)
class Timeline:
    """The tasks of one activation in topological order, and the streams between them."""

    tasks: Sequence[Task]
    links: Sequence[Link]

    def run(
        self, entering: Mapping[str, Span], bindings: Bindings, clock: Clock, since: float
    ) -> dict[str, Activity]:
        """When every task works.

        entering: output spans of tasks outside that feed links of this timeline
        since: the cycle from which parameters of this activation may be asked for

        A task begins when the first beat of all its inputs is there and its resource is free. It
        ends ``drain`` cycles after its last input beat, which comes no sooner than it can accept
        it. Input that comes slower than that delays the first output in proportion. What reads
        memory takes a few wide beats, and gives as many as it has at one a cycle.
        """
        work = {name: Activity(span, span) for name, span in entering.items()}
        inputs: dict[str, list[Link]] = {}
        for link in self.links:
            inputs.setdefault(link.sink, []).append(link)
        for task in self.tasks:
            timing, accept = task.timing(bindings), task.accept(bindings)
            arriving = [
                self.share(link, work[link.source].output, link.tokens(bindings)).later(
                    0 if link.inside else link.hop
                )
                for link in inputs.get(task.name, [])
            ]
            begin = max([s.first for s in arriving] + [clock.free.get(task.resource, 0.0)])
            supply = clock.supply
            if task.demand:
                # A part begins with its first words, whether they come from memory or, late, from
                # the distributor.
                dealt = supply.deal(task.demand, task.ahead, begin, task.lead)
                early = supply.arrival(task.behind + task.first, since)
                begin = max(begin, dealt.first + task.first + supply.behind, early)
            fed = max([begin + accept - 1, *(s.last for s in arriving)])
            start, wait, size = begin, task.wait + task.answer, task.traffic(bindings)
            if task.demand:
                last = supply.deliver(task.behind + task.demand, since)
                fed = max(fed, dealt.last, last)
                # What waits in front of the part is past the distributor.
                hold = min(accept, task.hold(bindings))
                supply.eat(fed, max(dealt.last, last - supply.behind, fed - hold))
            ends = fed
            if task.memory is not None and task.apart:
                ends = fed = max(fed, begin + size / supply.rate)
            elif task.memory is not None and task.writes:
                data = clock.write(task.memory, size, begin + task.wait, since)
                ends = max(fed, data.last - task.wait)
            elif task.memory is not None:
                data = clock.read(task.memory, size, begin, wait, since)
                start, wait = data.first, 0.0
                arrived = max([begin, *(s.last for s in arriving)])
                ends = fed = max(data.last, arrived + task.wait)
            slower = max(0.0, (fed - start) / max(1, accept - 1) - 1)
            before = (task.before or task.input_ahead)(bindings)
            first = start + timing.latency + before * slower + wait
            if task.before is None:
                first = min(first, ends + timing.drain + wait)
            longer = task.pause(bindings)
            last = max(ends + timing.drain + wait, first + longer + task.give(bindings) - 1)
            output = Span(first + min(0, longer), last)
            work[task.name] = Activity(Span(begin, fed), output)
            clock.free[task.resource] = (last if task.exclusive or task.memory else fed) + 1
        return work

    @staticmethod
    def share(link: Link, span: Span, tokens: int) -> Span:
        """The part of a source's output time in which this link's ``tokens`` beats pass; a single
        one, which tells that something is done, comes at its end."""
        if tokens == 1:
            return Span(span.last, span.last)
        begin, end = link.shares(tokens)
        length = span.last - span.first
        return Span(span.first + begin * length, span.first + end * length)
