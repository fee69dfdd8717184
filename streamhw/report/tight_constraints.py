# SPDX-License-Identifier: Apache-2.0
"""Why a FIFO is as deep as it is: the rules without slack that fix its two ends in time."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from ..compiler.fifo import READ, Certificate, Event, FifoStream
from ..compiler.fifo.linear_program import arrivals
from .facts import FlowFacts, StepFacts

__all__ = ["flows"]

TIGHT = 0.5
"""Cycles of slack below which a rule holds with equality: the program's own tolerance."""
NEGLIGIBLE = 0.02
"""Share of an event in a weighted mean that does not fix it."""
BEGIN: None = None
"""Stands for cycle 0, which rules on a single event count from."""


def flows(certificates: Sequence[Certificate]) -> Iterator[FlowFacts]:
    """Every stream of the programs, in the scenario in which it needs the deepest FIFO."""
    chosen: dict[str, tuple[int, Certificate, FifoStream]] = {}
    for certificate in certificates:
        for stream in certificate.program.streams:
            depth = stream.depth(certificate.time)
            if stream.name not in chosen or depth > chosen[stream.name][0]:
                chosen[stream.name] = (depth, certificate, stream)
    tight = {id(c): _tight(c) for c in certificates}
    for depth, certificate, stream in chosen.values():
        time = certificate.time
        writes, reads = stream.writes(time), stream.reads(time)
        place = _longest(writes, reads)
        delay = round(max(0.0, reads[place] - writes[place] - READ), 3)
        yield FlowFacts(
            stream=stream.name,
            invocation=certificate.program.name,
            symbol_values=certificate.program.symbol_values,
            source=stream.source,
            sink=stream.sink,
            beats=stream.count,
            written=(round(writes[0], 1), round(writes[-1], 1)),
            read=(round(reads[0], 1), round(reads[-1], 1)),
            beat=stream.beats[place],
            delay=delay,
            peak=depth,
            depth=certificate.depth[stream.name],
            path=_path(stream, place, time, tight[id(certificate)]) if delay >= TIGHT else (),
        )


def _longest(writes: Sequence[float], reads: Sequence[float]) -> int:
    """Which of a stream's events is looked at: the first, or of many products' that with the
    longest wait."""
    if len(writes) <= 2:
        return 0
    return max(range(len(writes)), key=lambda place: (reads[place] - writes[place], -place))


Vertex = Event | None
Terms = Sequence[tuple[Vertex, float]]
Links = Mapping[Vertex, Sequence[tuple[Vertex, str]]]


def _tight(certificate: Certificate) -> Links:
    """By event: the events that a rule without slack ties it to, and why."""
    program = certificate.program
    time: dict[Vertex, float] = {BEGIN: 0.0}
    time |= certificate.time.items()
    found: dict[Vertex, list[tuple[Vertex, str]]] = {}
    for rule in (*program.rules, *arrivals(program)):
        terms: Terms = rule.terms if len(rule.terms) > 1 else (*rule.terms, (BEGIN, -1.0))
        if sum(k * time[event] for event, k in terms) - rule.bound < TIGHT:
            for one, other in _pairs(terms):
                found.setdefault(one, []).append((other, rule.why))
                found.setdefault(other, []).append((one, rule.why))
    for event in program.events:
        if time[event] < TIGHT:
            found.setdefault(event, []).append((BEGIN, "the invocation begins"))
            found.setdefault(BEGIN, []).append((event, "the invocation begins"))
    return found


def _pairs(terms: Terms) -> Iterator[tuple[Vertex, Vertex]]:
    """The event that a rule holds back (or, of its reverse, is held by) with each of the others."""
    sign = 1.0 if sum(k > NEGLIGIBLE for _, k in terms) == 1 else -1.0
    heads = [event for event, k in terms if sign * k > NEGLIGIBLE]
    if len(heads) == 1:
        yield from ((heads[0], event) for event, k in terms if -sign * k > NEGLIGIBLE)


def _path(
    stream: FifoStream, place: int, time: Mapping[Event, float], tight: Links
) -> tuple[StepFacts, ...]:
    """The shortest way over tight rules from the write of a beat to its read; over rules that count
    from the begin only if there is no other, for those say less."""
    start, end = stream.written[place], stream.read[place]
    own = f"beats of {stream.name}"
    found = _shortest(start, end, tight, own, avoid_begin=True) or _shortest(start, end, tight, own)
    first = StepFacts(event=start, cycle=round(time[start], 1), why="")
    steps = (
        StepFacts(event=event, cycle=0.0 if event is None else round(time[event], 1), why=why)
        for event, why in found
    )
    return (first, *steps) if found else ()


def _shortest(
    start: Event, end: Event, tight: Links, own: str, avoid_begin: bool = False
) -> list[tuple[Vertex, str]]:
    """Events after ``start`` with the rules that lead to them; none if there is no way."""
    came: dict[Vertex, tuple[Vertex, str] | None] = {start: None}
    waiting: deque[Vertex] = deque([start])
    while waiting and end not in came:
        event = waiting.popleft()
        for other, why in tight.get(event, ()):
            if other not in came and why != own and not (avoid_begin and other is BEGIN):
                came[other] = (event, why)
                waiting.append(other)
    steps: list[tuple[Vertex, str]] = []
    at: Vertex = end
    while (before := came.get(at)) is not None:
        steps.insert(0, (at, before[1]))
        at = before[0]
    return steps
