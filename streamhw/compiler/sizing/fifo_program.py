# SPDX-License-Identifier: Apache-2.0
"""One invocation's tasks and streams as the FIFO program wants them."""

from collections.abc import Iterator, Mapping

from ...stream.converter.spec import ConverterSpec
from ...stream.itensor.itensor import SymbolValues
from ..fifo import LAST, READ, Event, FifoProgram, FifoStream, Rule, Side, ends
from ..ir.levels import Netlist
from ..ir.netlist import Part
from ..performance.estimate import Estimate
from ..performance.memory_supply import Span
from ..performance.task_graph import CARRIED
from ..performance.timeline import FIFO_LATENCY, Activity, Task, Timeline

__all__ = ["program_of"]

Term = tuple[Event, float]


def program_of(
    estimate: Estimate, timeline: Timeline, symbol_values: SymbolValues, invocation: str = ""
) -> FifoProgram:
    """A timeline as rules over the first and last beat that each task takes and gives.

    A task gives as its timing formula says, no later: it holds no more than the formula counts.
    A converter does: it takes a whole block ahead of what it gives, as far as its buffers go. So
    does memory: what reads it may wait.
    """
    links = timeline.links
    beats = max((link.beats(symbol_values) for link in links if link.source == CARRIED), default=1)
    entering = {CARRIED: Span(0.0, float(beats - 1))}
    work = timeline.run(entering, symbol_values, estimate.clock(), -1e9)
    rules: list[Rule] = []
    sides = [(*ends(CARRIED, Side.OUTPUT), 1.0)]
    # What enters may wait outside, as long as no result does.
    entry = ((sides[0][1], 1.0), (sides[0][0], -1.0))
    rules.append(Rule(entry, beats - 1.0, "a beat a cycle enters"))
    before: dict[str, Task] = {}
    given = {task.name: 0 for task in timeline.tasks}
    for link in links:
        given[link.source] = max(given.get(link.source, 0), link.parts * link.beats(symbol_values))
    for task in timeline.tasks:
        name = task.name
        rules += _task(task, work[name], given[name], symbol_values, estimate)
        share = min((1 / link.parts for link in links if link.sink == name), default=1.0)
        i_first, i_last = ends(name, Side.INPUT)
        sides.append((i_first, i_last, share))
        sides.append((*_gives(name, given[name]), 1.0))
        if task.resource in before:
            previous = before[task.resource]
            side = Side.OUTPUT if previous.exclusive else Side.INPUT
            end = Event(previous.name, side, LAST)
            rules.append(Rule(((i_first, 1.0), (end, -1.0)), 1.0, f"one {task.resource}"))
            if not (task.stores or previous.stores):
                rules.append(_in_order(previous, task, given, work))
        before[task.resource] = task
    streams = []
    for link in links:
        count = link.beats(symbol_values)
        first, last, _ = sides[0]
        if link.source != CARRIED:
            first, last = _gives(link.source, given[link.source])
        if link.parts > 1:
            own = ends(link.name, Side.STREAM)
            for event, share in zip(own, link.shares(count), strict=True):
                terms = [(event, 1.0), (first, share - 1.0), (last, -share)]
                rules += _equal(terms, 0.0, f"share of {link.source}")
            first, last = own
        taken = ends(link.sink, Side.INPUT)
        if link.inside:
            for end, event in zip(taken, (first, last), strict=True):
                why = f"operand of {link.sink}"
                rules.append(Rule(((end, 1.0), (event, -1.0)), 0.0, why))
            continue
        many = count > 1
        if not many:
            rules.append(
                Rule(((taken[1], 1.0), (last, -1.0)), float(FIFO_LATENCY), f"end of {link.name}")
            )
        streams.append(
            FifoStream(
                name=link.name,
                source=link.source,
                sink=link.sink,
                count=count,
                bits=link.bits,
                beats=(0, count - 1) if many else (0,),
                written=(first, last) if many else (first,),
                read=taken if many else taken[:1],
                lag=FIFO_LATENCY - READ,
            )
        )
    read = {link.source for link in links}
    results = [
        event
        for task in timeline.tasks
        if task.name not in read
        for event in (*ends(task.name, Side.INPUT), Event(task.name, Side.OUTPUT, LAST))
    ]
    values = ", ".join(f"{name} {_short(value)}" for name, value in symbol_values.items())
    return FifoProgram(
        rules=tuple(rules),
        streams=tuple(streams),
        results=tuple(results),
        sides=tuple(sides),
        tolerance=0.5,
        name=invocation,
        symbol_values=values,
    )


def _in_order(
    before: Task, task: Task, given: Mapping[str, int], work: Mapping[str, Activity]
) -> Rule:
    """What a resource gives leaves through one queue: the last result of a task, wherever it must
    wait, is in front of the first one of the next task.

    Never stricter than the unstalled run, whose formulas round.
    """
    last, first = _gives(before.name, given[before.name])[1], _gives(task.name, given[task.name])[0]
    unstalled = work[task.name].output.first - work[before.name].output.last
    terms = ((first, 1.0), (last, -1.0))
    return Rule(terms, min(1.0, unstalled), f"results of {task.resource} in order")


def _gives(name: str, beats: int) -> tuple[Event, Event]:
    """Events of the first and the last beat that a task gives: one event if it gives one."""
    first, last = ends(name, Side.OUTPUT)
    return (first if beats > 1 else last, last)


def _task(
    task: Task, work: Activity, beats: int, symbol_values: SymbolValues, estimate: Estimate
) -> Iterator[Rule]:
    """What a task's timing formula says of its four events; ``beats``: that it gives."""
    timing, accept = task.timing(symbol_values), task.accept(symbol_values)
    name, rate = task.name, estimate.port.beats_per_cycle
    i_first, i_last = ends(name, Side.INPUT)
    o_first, o_last = _gives(name, beats)
    pace = f"pace of {name}"
    yield Rule(((i_last, 1.0), (i_first, -1.0)), accept - 1.0, pace)
    if task.memory is not None:
        cycles = task.traffic(symbol_values) / rate
        yield Rule(((i_last, 1.0), (i_first, -1.0)), cycles, f"memory of {name}")
    if task.demand or (task.memory is not None and not task.apart):
        # Others take from the port before it: what memory gives it then, it has no sooner.
        yield Rule(((i_last, 1.0),), work.input.last, f"memory of {name}")
    part = _part(name, estimate.design)
    drain = timing.drain + task.wait
    yield Rule(((o_last, 1.0), (i_last, -1.0)), drain, f"drain of {name}")
    if o_first == o_last:
        return
    # What the first result needs of its input comes at the input's pace; as much is held inside.
    ahead = task.input_ahead(symbol_values)
    if isinstance(part, ConverterSpec):
        ahead = min(ahead, _needed(part))
    share = ahead / max(1, accept - 1)
    terms = [(o_first, 1.0), (i_first, share - 1.0), (i_last, -share)]
    bound = timing.latency - ahead + task.wait
    yield Rule(tuple(terms), bound, f"latency of {name}")
    if task.stores:
        return
    # Never stricter than the unstalled run: between straight lines a converter can seem to give
    # the last beats of a wide word at once.
    unstalled = work.output.last - work.output.first
    least = min(beats - 1.0, unstalled) if isinstance(part, ConverterSpec) else beats - 1.0
    yield Rule(((o_last, 1.0), (o_first, -1.0)), least, pace)
    if part is not None and part.behaviour().memory.spilled and not task.writes:
        return
    if not isinstance(part, ConverterSpec):
        yield Rule(tuple((e, -k) for e, k in terms), -bound, f"latency of {name}")
        end = max(drain, task.wait + timing.latency + beats - accept)
        held = ((i_last, 1.0), (o_first, -share), (o_last, share - 1.0))
        yield Rule(held, -end, f"room inside {name}")
        return
    yield from _room(part, work, (i_first, i_last, o_first, o_last), symbol_values)


def _needed(part: ConverterSpec) -> int:
    """Beats that a converter takes before it gives one: a word, or a block, or, where memory holds
    less than a block, fewer than fill it."""
    plan = part.plan
    most = plan.words if part.depth >= plan.words else part.depth - 1
    words = 1 if plan.follow else most
    return max(1, words * plan.lanes // part.source.lanes)


def _room(
    part: ConverterSpec,
    work: Activity,
    events: tuple[Event, Event, Event, Event],
    symbol_values: SymbolValues,
) -> Iterator[Rule]:
    """Block k + buffers is not written before block k is read: for the first and the last k."""
    blocks = 1
    for loop in part.plan.shared:
        value = loop.trip if isinstance(loop.trip, int) else symbol_values.get(loop.trip.name)
        blocks *= value if isinstance(value, int) else loop.bound
    i_first, i_last, o_first, o_last = events
    words = part.source.beats(symbol_values) * part.source.lanes / part.plan.lanes
    room = part.depth + part.waiting
    if blocks == 1 and room < words:
        # What memory and the queue behind it do not hold is written when as much has been taken.
        held = room / (words - 1)
        yield Rule(((i_first, 1 - held), (i_last, held), (o_first, -1.0)), 0.0, "room for a tensor")
    if blocks <= part.buffers:
        return
    for k in (0, blocks - part.buffers - 1):
        write, read = (k + part.buffers) / blocks, (k + 1) / blocks
        terms = ((i_first, 1 - write), (i_last, write), (o_first, read - 1), (o_last, -read))
        times = (work.input.first, work.input.last, work.output.first, work.output.last)
        # Never stricter than the unstalled run, which the kernel's own formula knows better.
        unstalled = sum(weight * time for (_, weight), time in zip(terms, times, strict=True))
        yield Rule(terms, min(1.0, unstalled), "room for a block")


def _part(name: str, design: Netlist) -> Part | None:
    return next((i.part for i in design.instances if i.name == name), None)


def _equal(terms: list[Term], bound: float, why: str) -> Iterator[Rule]:
    yield Rule(tuple(terms), bound, why)
    yield Rule(tuple((event, -coefficient) for event, coefficient in terms), -bound, why)


def _short(value: object) -> str:
    if isinstance(value, tuple) and len(value) > 2:
        return f"{value[0]}..{value[-1]}"
    return str(value)
