# SPDX-License-Identifier: Apache-2.0
"""When every task of a step works: a dataflow recurrence over the kernels' own timing formulas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from ..kernels.base import Timing
from ..stream.itensor import Bindings

__all__ = ["HOP", "Activity", "Clock", "Link", "Span", "Supply", "Task", "Timeline"]

HOP = 2
"""Cycles that a queue adds between two kernels."""


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

    inside: it does not leave the kernel: no FIFO
    """

    name: str
    source: str
    sink: str
    tokens: Callable[[Bindings], int]
    bits: int
    part: int = 0
    parts: int = 1
    inside: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kernel's work on one activation of one graph node.

    resource: the instance that does it; tasks of one resource run one after another
    accept: cycles in which it takes its input, if all is there
    exclusive: whether it takes nothing new before its last output
    stores: whether it keeps all of its input, for output that may come at any later time
    demand: beats of the parameter stream that it takes, if any; behind: those of other parts that
    come just before; ahead: beats that wait in front of it, past the distributor
    wait: extra cycles before the first output that no kernel formula covers (memory latency)
    memory: the memory port that it reads or writes itself, if any
    traffic: its beats there
    apart: whether they pass beside what others read, as writes do
    writes: whether it only writes there, and so waits for no read that was asked for before
    needs: beats of its input that the first output needs, if that is less than its latency
    give: beats that it gives at most one a cycle, if that may take longer than its input
    """

    name: str
    resource: str
    timing: Callable[[Bindings], Timing]
    accept: Callable[[Bindings], int]
    exclusive: bool = False
    stores: bool = False
    demand: int = 0
    behind: int = 0
    ahead: float = 0.0
    wait: float = 0.0
    memory: str | None = None
    traffic: Callable[[Bindings], float] = lambda _: 0.0
    apart: bool = False
    writes: bool = False
    needs: Callable[[Bindings], int] | None = None
    give: Callable[[Bindings], int] = lambda _: 0

    def input_ahead(self, bindings: Bindings) -> int:
        """Beats of the input behind the first that must come before the first output."""
        beats = min(self.timing(bindings).latency, self.accept(bindings) - 1)
        return beats if self.needs is None else min(beats, self.needs(bindings))


@dataclass(kw_only=True)
class Supply:
    """The parameter stream from memory: a rate, a latency, and a buffer that runs ahead.

    port: of memory; rate: its beats a cycle; buffer: beats on chip; latency: cycles from a command
    to its first beat; dealt: until when the distributor, a beat a cycle, is held up by what it
    has given out: parts take turns, in the order of memory
    """

    port: str
    rate: float
    buffer: int
    latency: float
    delivered: float = 0.0
    beats: float = 0.0
    dealt: float = 0.0
    since: float = -1.0
    base: float = 0.0
    eaten: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])

    def deliver(self, beats: int, since: float) -> float:
        """The cycle at which the next ``beats`` are on chip; none is asked for before ``since``."""
        self.owed(since, since)
        self.beats += beats
        room = self._when_eaten(self.beats - self.buffer) + self.latency
        self.delivered = max(max(self.delivered, since + self.latency) + beats / self.rate, room)
        return self.delivered

    def owed(self, cycle: float, since: float) -> float:
        """Beats that memory has been asked for and not sent by a cycle, nothing before ``since``:
        the reader asks for all that there is room for, and who asks later waits for that."""
        if cycle < since == inf:
            return 0.0
        if since != self.since:
            self.since, self.base = since, self.beats
        if cycle <= since:
            return 0.0
        points = [p for p in self.eaten if since <= p[1] <= cycle]
        eaten = max([beats for beats, _ in points] + [self.base])
        owed = eaten + self.buffer - self.base - self.rate * (cycle - since)
        for beats, at in points:
            owed = max(owed, eaten - beats - self.rate * (cycle - at))
        return max(0.0, owed)

    def give_way(self, beats: float) -> None:
        """Others take ``beats`` of the port: what is asked for later comes as much later."""
        self.delivered += beats / self.rate

    def deal(self, beats: int, ahead: float, begin: float) -> float:
        """The cycle at which ``beats`` have passed the distributor to a part that begins to take
        them, ``ahead`` of which may have come before."""
        free = self.dealt
        self.eaten.append((self.beats, max(free, begin - ahead)))
        return max(free, begin - ahead) + beats

    def eat(self, cycle: float) -> None:
        """Notes that all beats delivered so far are consumed by ``cycle``."""
        self.dealt = cycle
        self.eaten.append((self.beats, cycle))
        del self.eaten[:-64]

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
    """State that activations hand on: when each resource is free, the parameter stream, and until
    when each memory port serves what tasks read and write themselves."""

    supply: Supply
    free: dict[str, float] = field(default_factory=dict)
    serving: dict[str, float] = field(default_factory=dict)

    def transfer(self, port: str, beats: float, begin: float, since: float) -> float:
        """The cycle at which ``beats`` that are asked for from ``begin`` on have passed a port.

        Parameters that memory owes already come first. Tasks on one port take turns, and together
        take their share from the parameters asked for later: these run ahead, so that the port has
        no idle cycle to give when memory is what limits.
        """
        wait = self.supply.owed(begin, since) if port == self.supply.port else 0.0
        begin += wait / self.supply.rate
        done = max(self.serving.get(port, 0.0), begin) + beats / self.supply.rate
        self.serving[port] = done
        if port == self.supply.port:
            self.supply.give_way(beats)
        return done


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
        it. Input that comes slower than that delays the first output in proportion.
        """
        work = {name: Activity(span, span) for name, span in entering.items()}
        inputs: dict[str, list[Link]] = {}
        for link in self.links:
            inputs.setdefault(link.sink, []).append(link)
        for task in self.tasks:
            timing, accept = task.timing(bindings), task.accept(bindings)
            arriving = [
                self.share(link, work[link.source].output, link.tokens(bindings)).later(
                    0 if link.inside else HOP
                )
                for link in inputs.get(task.name, [])
            ]
            begin = max([s.first for s in arriving] + [clock.free.get(task.resource, 0.0)])
            fed = max([s.last for s in arriving] + [begin + accept - 1])
            if task.demand:
                fed = max(fed, clock.supply.deal(task.demand, task.ahead, begin))
                fed = max(fed, clock.supply.deliver(task.behind + task.demand, since))
                clock.supply.eat(fed)
            if task.memory is not None and task.apart:
                fed = max(fed, begin + task.traffic(bindings) / clock.supply.rate)
            elif task.memory is not None:
                asked = inf if task.writes else since
                fed = max(fed, clock.transfer(task.memory, task.traffic(bindings), begin, asked))
            last = fed + timing.drain + task.wait
            slower = (fed - begin) / max(1, accept - 1)
            first = begin + timing.latency + task.input_ahead(bindings) * (slower - 1)
            first = min(first + task.wait, last)
            output = Span(first, max(last, first + task.give(bindings) - 1))
            work[task.name] = Activity(Span(begin, fed), output)
            clock.free[task.resource] = (last if task.exclusive else fed) + 1
        return work

    @staticmethod
    def share(link: Link, span: Span, tokens: int = 2) -> Span:
        """The part of a source's output time in which this link's beats pass; a single one, which
        tells that something is done, comes at its end."""
        length = span.last - span.first
        last = span.first + length * (link.part + 1) / link.parts
        return Span(span.first + length * link.part / link.parts if tokens > 1 else last, last)
