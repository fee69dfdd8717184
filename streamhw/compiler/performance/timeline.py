# SPDX-License-Identifier: Apache-2.0
"""When every task of a step works: a dataflow recurrence over the kernels' own timing formulas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from ...stream.itensor.itensor import SymbolValues
from ...stream.spec import Timing
from .memory_supply import Clock, Span

__all__ = ["FIFO_LATENCY", "Activity", "Task", "TaskLink", "Timeline"]

FIFO_LATENCY = 2
"""Cycles that a queue adds between two kernels, before its depth is known."""
_KEPT = 4
"""Values of symbols whose quantities are kept: more than models have kinds of layers."""


@dataclass(frozen=True)
class Activity:
    """When a task accepts its input, and when its output passes."""

    input: Span
    output: Span


@dataclass(frozen=True, kw_only=True)
class TaskLink:
    """A stream between two tasks; ``part`` of ``parts`` says which share of the source's output
    time it takes (chunks of one value leave one after another).

    first_token: of a beat for each token of the step, which tells that something is done, where in
        the source's output time the first comes; the last comes at the end
    inside: it does not leave the kernel: no FIFO; fifo_latency: cycles that its queue adds
    """

    name: str
    source: str
    sink: str
    beats: Callable[[SymbolValues], int]
    bits: int
    part: int = 0
    parts: int = 1
    first_token: Callable[[SymbolValues], float] | None = None
    inside: bool = False
    fifo_latency: int = FIFO_LATENCY

    def shares(self, beats: int) -> tuple[float, float]:
        """Where in the source's output its ``beats`` beats begin and end: 0 is the first beat of
        all parts, 1 the last."""
        last = max(1, self.parts * beats - 1)
        return self.part * beats / last, ((self.part + 1) * beats - 1) / last

    def passing(self, symbol_values: SymbolValues) -> tuple[float, float]:
        """Where in the source's output all beats begin and end. A single one, which tells that
        something is done, comes at the end."""
        if self.first_token is not None:
            return self.first_token(symbol_values), 1.0
        beats = self.beats(symbol_values)
        return (1.0, 1.0) if beats == 1 else self.shares(beats)

    @staticmethod
    def share(span: Span, passing: tuple[float, float]) -> Span:
        """The part of a source's output time between two places."""
        (begin, end), length = passing, span.last - span.first
        return Span(span.first + begin * length, span.first + end * length)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kernel's work on one invocation of one graph node.

    resource: the instance that does it; tasks of one resource run one after another
    accept: cycles in which it takes its input, if all is there
    exclusive: whether it takes nothing new before its last output
    stores: whether it keeps all of its input, for output that may come at any later time
    demand: beats of the parameter stream that it takes, if any; first: those that it begins with;
    behind: those of other parts that come just before; lead: cycles in which these pass the
    demux; ahead: beats that wait in front of it, past the demux; hold: cycles that they
    last
    stall: cycles in which it takes none of them, as those of the next tile are not there
    wait: cycles to memory, or to it and back, that no kernel formula covers; answer: from memory
    back, of a write; pause: cycles that what comes from there takes longer than a beat each; less
    than none if some of it came before
    memory: the memory port that it reads or writes itself, if any
    traffic: its beats there; window: of them, those that it has room for
    apart: whether they pass beside what others read, as writes do
    writes: whether it writes there
    needs: beats of its input that the first output needs, if that is less than its latency
    before: beats of its input behind the first that the first output needs, however slow they
    come; unless given, as many as its latency, which its pipeline may hold
    give: beats that it gives at most one a cycle, if that may take longer than its input
    rest: cycles from the first to the last that it gives of the last token, if it may give those of
    others before that has come
    """

    name: str
    resource: str
    timing: Callable[[SymbolValues], Timing]
    accept: Callable[[SymbolValues], int]
    exclusive: bool = False
    stores: bool = False
    demand: int = 0
    first: float = 0.0
    behind: int = 0
    lead: float = 0.0
    ahead: float = 0.0
    hold: Callable[[SymbolValues], int] = lambda _: 0
    stall: Callable[[SymbolValues], int] = lambda _: 0
    wait: float = 0.0
    answer: float = 0.0
    pause: Callable[[SymbolValues], float] = lambda _: 0.0
    memory: str | None = None
    traffic: Callable[[SymbolValues], float] = lambda _: 0.0
    window: float = inf
    apart: bool = False
    writes: bool = False
    needs: Callable[[SymbolValues], int] | None = None
    before: Callable[[SymbolValues], int] | None = None
    give: Callable[[SymbolValues], int] = lambda _: 0
    rest: Callable[[SymbolValues], float] = lambda _: 0.0

    def input_ahead(self, symbol_values: SymbolValues) -> int:
        """Beats of the input behind the first that must come before the first output."""
        beats = min(self.timing(symbol_values).latency, self.accept(symbol_values) - 1)
        return beats if self.needs is None else min(beats, self.needs(symbol_values))


@dataclass(frozen=True, kw_only=True)
class _Quantities:
    """What a task's formulas give for some symbol values: the same in every layer of a step."""

    latency: int
    drain: int
    accept: int
    arriving: Sequence[tuple[TaskLink, tuple[float, float]]]
    stall: int
    hold: int
    traffic: float
    before: int
    pause: float
    give: int
    rest: float


@dataclass(frozen=True)
class Timeline:
    """The tasks of one invocation in topological order, and the streams between them."""

    tasks: Sequence[Task]
    links: Sequence[TaskLink]
    _latest: list[tuple[SymbolValues, Sequence[_Quantities]]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    """The quantities of all tasks for the latest values of the symbols: layers with windows and
    those without follow each other, and so have different ones."""

    def run(
        self, entering: Mapping[str, Span], symbol_values: SymbolValues, clock: Clock, since: float
    ) -> dict[str, Activity]:
        """When every task works.

        entering: output spans of tasks outside that feed links of this timeline
        since: the cycle from which parameters of this invocation may be asked for

        A task begins when the first beat of all its inputs is there and its resource is free. It
        ends ``drain`` cycles after its last input beat, which comes no sooner than it can accept
        it. Input that comes slower than that delays the first output in proportion. What reads
        memory takes a few wide beats, and gives as many as it has at one a cycle.
        """
        work = {name: Activity(span, span) for name, span in entering.items()}
        for task, known in zip(self.tasks, self._quantities(symbol_values), strict=True):
            accept = known.accept
            arriving = [
                link.share(work[link.source].output, passing).later(
                    0 if link.inside else link.fifo_latency
                )
                for link, passing in known.arriving
            ]
            begin = max([s.first for s in arriving] + [clock.free.get(task.resource, 0.0)])
            supply = clock.supply
            if task.demand:
                # A part begins with its first words, whether they come from memory or, late, from
                # the demux.
                routed = supply.route(task.demand + known.stall, task.ahead, begin, task.lead)
                early = supply.arrival(task.behind + task.first, since)
                begin = max(begin, routed.first + task.first + supply.behind, early)
            fed = max([begin + accept - 1, *(s.last for s in arriving)])
            start, wait, size = begin, task.wait + task.answer, known.traffic
            if task.demand:
                last = supply.deliver(task.behind + task.demand, since)
                fed = max(fed, routed.last, last)
                # What waits in front of the part is past the demux.
                hold = min(accept, known.hold)
                supply.take(
                    fed,
                    max(routed.last, last - supply.behind, fed - hold),
                    max(task.demand, accept) - 1,
                )
            ends = fed
            rest = 0.0
            if task.memory is not None and task.apart:
                ends = fed = max(fed, begin + size / supply.rate)
            elif task.memory is not None and task.writes:
                data = clock.write(task.memory, size, begin + task.wait, since)
                ends = max(fed, data.last - task.wait)
            elif task.memory is not None:
                data = clock.read(task.memory, size, begin, wait, since, task.window)
                start, wait = data.first, 0.0
                arrived = max([begin, *(s.last for s in arriving)])
                ends = fed = max(data.last, arrived + task.wait)
                rest = arrived + task.wait + known.latency + known.rest
            slower = max(0.0, (fed - start) / max(1, accept - 1) - 1)
            first = start + known.latency + known.before * slower + wait
            if task.before is None:
                first = min(first, ends + known.drain + wait)
            # Results of one product leave behind those of the product before.
            first = max(first, clock.given.get(task.resource, 0.0))
            longer = known.pause
            last = max(ends + known.drain + wait, first + longer + known.give - 1, rest)
            output = Span(first + min(0, longer), last)
            work[task.name] = Activity(Span(begin, fed), output)
            clock.free[task.resource] = (last if task.exclusive or task.memory else fed) + 1
            if task.demand:
                clock.given[task.resource] = last + 1
        return work

    def _quantities(self, symbol_values: SymbolValues) -> Sequence[_Quantities]:
        """Of each task; the formulas are asked once for all layers of a step."""
        for values, known in self._latest:
            if values == symbol_values:
                return known
        inputs: dict[str, list[tuple[TaskLink, tuple[float, float]]]] = {}
        for link in self.links:
            passing = link.passing(symbol_values)
            inputs.setdefault(link.sink, []).append((link, passing))
        found = []
        for task in self.tasks:
            timing = task.timing(symbol_values)
            found.append(
                _Quantities(
                    latency=timing.latency,
                    drain=timing.drain,
                    accept=task.accept(symbol_values),
                    arriving=inputs.get(task.name, []),
                    stall=task.stall(symbol_values),
                    hold=task.hold(symbol_values),
                    traffic=task.traffic(symbol_values),
                    before=(task.before or task.input_ahead)(symbol_values),
                    pause=task.pause(symbol_values),
                    give=task.give(symbol_values),
                    rest=task.rest(symbol_values),
                )
            )
        self._latest[:] = [*self._latest[1 - _KEPT :], (dict(symbol_values), found)]
        return found
