# SPDX-License-Identifier: Apache-2.0
"""The dataflow recurrence on cases small enough to work out by hand."""

from dataclasses import replace
from functools import partial
from typing import Any

from streamhw.compiler.performance.memory_supply import Clock, Span, Supply
from streamhw.compiler.performance.timeline import FIFO_LATENCY, Activity, Task, TaskLink, Timeline
from streamhw.stream.spec import Timing

EIGHT = Span(0, 7)

assert FIFO_LATENCY == 2, "the numbers below count two cycles for each queue"


def clock(*, rate: float = 1.0, buffer: int = 16, latency: float = 10) -> Clock:
    return Clock(supply=Supply(port="mem0", rate=rate, buffer=buffer, latency=latency))


def link(source: str, sink: str, part: int = 0, parts: int = 1) -> TaskLink:
    name = f"{source}_{sink}"
    return TaskLink(
        name=name, source=source, sink=sink, beats=lambda _: 8, bits=8, part=part, parts=parts
    )


def task(
    name: str,
    latency: int,
    accept: int = 8,
    drain: int | None = None,
    resource: str | None = None,
    **changes: Any,
) -> Task:
    timing = Timing(latency=latency, interval=accept, drain=latency if drain is None else drain)
    return Task(
        name=name,
        resource=resource or name,
        timing=lambda _: timing,
        accept=lambda _: accept,
        **changes,
    )


def run(
    tasks: list[Task], links: list[TaskLink], entering: Span = EIGHT, at: Clock | None = None
) -> dict[str, Activity]:
    return Timeline(tasks, links).run({"in": entering}, {}, at or clock(), 0)


def test_a_pipeline() -> None:
    """Eight beats, one a cycle, through latencies of 3 and 1."""
    work = run([task("a", 3), task("b", 1)], [link("in", "a"), link("a", "b")])
    assert work["a"] == Activity(Span(2, 9), Span(5, 12))
    assert work["b"] == Activity(Span(7, 14), Span(8, 15))


def test_slow_input_delays_the_first_result_in_proportion() -> None:
    """A beat every two cycles: the three beats that the first result needs take six cycles."""
    work = run([task("a", 3)], [link("in", "a")], Span(0, 14))
    assert work["a"] == Activity(Span(2, 16), Span(8, 19))


def test_a_slow_task_takes_its_time() -> None:
    """Sixteen cycles to accept what comes in eight."""
    work = run([task("a", 3, accept=16)], [link("in", "a")])
    assert work["a"].input == Span(2, 17)
    assert work["a"].output == Span(5, 20)


def test_a_join_waits_for_its_last_input() -> None:
    work = run([task("a", 20), task("j", 1)], [link("in", "a"), link("in", "j"), link("a", "j")])
    assert work["a"].output == Span(22, 29)
    assert work["j"].input == Span(24, 31)


def test_chunks_leave_one_after_another() -> None:
    """Two halves of one output."""
    links = [link("in", "a"), link("a", "x", 0, 2), link("a", "y", 1, 2)]
    work = run([task("a", 1), task("x", 1, accept=4), task("y", 1, accept=4)], links)
    assert work["a"].output == Span(3, 10)
    # Eight cycles for sixteen beats of either half: beat i leaves at 3 + 7 i / 15.
    assert work["x"].input == Span(5, 5 + 7 * 7 / 15)
    assert work["y"].input == Span(5 + 7 * 8 / 15, 12)


def test_tasks_of_one_engine_run_one_after_another() -> None:
    links = [link("in", "a"), link("in", "b")]
    work = run([task("a", 3, resource="e"), task("b", 3, resource="e")], links)
    assert work["a"].input == Span(2, 9)
    assert work["b"].input == Span(10, 17)
    work = run([task("a", 3, resource="e", exclusive=True), task("b", 3, resource="e")], links)
    assert work["b"].input == Span(13, 20), "nothing new before the last result of the other"


def test_a_resource_stays_busy_until_the_next_activation() -> None:
    state = clock()
    run([task("a", 3)], [link("in", "a")], at=state)
    assert run([task("a", 3)], [link("in", "a")], at=state)["a"].input.first == 10


def test_parameters_delay_whoever_needs_them() -> None:
    """Forty beats at one a cycle, after ten cycles: more than the eight cycles of the input. It
    begins with the first four."""
    work = run([task("a", 3, demand=40, first=4)], [link("in", "a")], at=clock(buffer=64))
    assert work["a"].input == Span(14, 50)
    assert work["a"].output.last == 53


def test_supply_runs_ahead_as_far_as_its_buffer() -> None:
    supply = Supply(port="mem0", rate=0.5, buffer=16, latency=10)
    assert supply.deliver(8, since=0) == 10 + 8 / 0.5
    supply.take(100, 100)
    # Sixteen beats more: the first eight had to be eaten before the last eight were asked for.
    assert supply.deliver(16, since=0) == max(26 + 16 / 0.5, 100 + 10)


def test_memory_serves_what_was_asked_for_first() -> None:
    """A buffer of 16 beats at half a beat a cycle is full after 32 cycles and the latency; then 4
    beats are taken at once, which takes memory 8 cycles."""
    supply = Supply(port="mem0", rate=0.5, buffer=16, latency=10)
    assert [supply.until(cycle, since=100) for cycle in (99, 110, 132, 200)] == [99, 142, 142, 200]
    supply.deliver(4, since=100)
    supply.take(200, 200)
    assert [supply.until(cycle, since=100) for cycle in (200, 204, 212)] == [210, 210, 212]
    supply.deliver(4, since=100)
    supply.take(201, 201)
    assert [supply.until(cycle, since=100) for cycle in (201, 209, 220)] == [218, 218, 220]
    supply.total = 22  # of the step: two beats are left to ask for
    assert supply.until(201, since=100) == 200 + 2 / 0.5 + 10


def test_writes_wait_for_a_cycle_without_reads() -> None:
    """Sixteen beats after ten cycles, while a part eats one a cycle until 20: memory rests once it
    has sent what that made room for."""
    supply = Supply(port="mem0", rate=1.0, buffer=16, latency=10)
    supply.until(0, since=0)
    supply.deliver(20, since=0)
    supply.take(20, 20)
    assert supply.until(5, since=0) == 10 + 16 + 5
    assert supply.idle(15, since=0) == 10 + 20 + 16
    assert Clock(supply=supply).write("mem0", 1, 15, since=0).first == 46
    supply.rate = 0.5
    assert Clock(supply=supply).write("mem0", 1, 15, since=0).first == 15, "there are idle cycles"


def test_demux_gives_a_beat_a_cycle() -> None:
    """However much waits on chip: what is ahead of a part came while it did something else, and
    what waits in front of a part holds up nobody."""
    supply = Supply(port="mem0", rate=1.0, buffer=64, latency=10)
    assert supply.route(40, ahead=8, begin=100, lead=0) == Span(0, 132)
    supply.take(140, 132)
    assert supply.route(40, ahead=8, begin=133, lead=5) == Span(137, 177), "others took until 137"


def test_traffic_of_tasks_takes_from_the_parameters() -> None:
    state = clock(rate=0.5, buffer=0)
    slow = task("a", 3, memory="mem0", traffic=lambda _: 12)
    work = run([slow], [link("in", "a")], at=state)
    assert work["a"].input == Span(2, 26)
    assert state.supply.delivered == 24
    assert state.read("mem0", 1, begin=0, wait=0, since=9) == Span(0, 2), "before the others"
    assert state.read("mem0", 1, begin=0, wait=0, since=9) == Span(26, 28), "the port is busy"
    assert state.read("mem1", 1, begin=0, wait=5, since=9) == Span(5, 7)


def test_memory_latency_before_the_first_result() -> None:
    work = run([task("a", 3, wait=50)], [link("in", "a")])
    assert work["a"].output == Span(55, 62)


def test_a_kernel_that_needs_a_row_and_then_works_on() -> None:
    """A latency of 6 of which two beats of input are needed: a beat every two cycles delays the
    first result by two cycles, not by six."""
    slow = Span(0, 14)
    whole, row = task("a", 6), replace(task("a", 6), needs=lambda _: 2)
    first = [run([t], [link("in", "a")], slow)["a"].output.first for t in (whole, row)]
    assert first == [2 + 6 + 6, 2 + 6 + 2]


def test_a_reader_of_memory() -> None:
    """Two wide beats after a wait of five give sixteen, of which three were there before."""
    reader = task("a", 3, memory="mem0", traffic=lambda _: 2, wait=5, give=lambda _: 16)
    early = replace(reader, pause=lambda _: -3)
    spans = [
        run([each], [link("in", "a")], at=clock(buffer=0))["a"].output for each in (reader, early)
    ]
    assert spans == [Span(10, 25), Span(7, 22)]


def test_what_the_first_result_needs() -> None:
    """Of a slow input, the beats that it needs and no more."""
    slow = Span(0, 14)
    for before, first in ((0, 2 + 6), (5, 2 + 6 + 5)):
        some = task("a", 6, before=partial(lambda needed, _: needed, before))
        assert run([some], [link("in", "a")], slow)["a"].output.first == first


def test_a_reader_that_is_told_of_each_token_does_not_wait_for_the_last() -> None:
    """Two tokens are told of at cycles 2 and 22: the first is read at once, and of the second are
    left its own four beats. A single beat would have said at the end that all is there."""
    told = replace(link("in", "a"), first_token=lambda _: 0.0)
    reads = task(
        "a", 1, wait=3.0, memory="mem1", traffic=lambda _: 2.0, give=lambda _: 8,
        rest=lambda _: 3.0, before=lambda _: 0,
    )  # fmt: skip
    at = clock()
    work = Timeline([reads], [told]).run({"in": Span(0, 20)}, {"tokens": 2}, at, 0)
    assert work["a"].output.first == 2 + 3 + 1
    assert work["a"].output.last == 22 + 3 + 1 + 3
    done = replace(link("in", "a"), beats=lambda _: 1)
    work = Timeline([reads], [done]).run({"in": Span(0, 20)}, {"tokens": 2}, clock(), 0)
    assert work["a"].output.first == 22 + 3 + 1


def test_results_of_an_engine_leave_behind_those_of_its_product_before() -> None:
    """The array has worked on the second product long before the first's results have left."""
    shared = {"resource": "engine", "demand": 2, "before": lambda _: 0}
    slow = task("a", 3, accept=2, give=lambda _: 40, **shared)
    other = task("b", 3, accept=2, give=lambda _: 5, **shared)
    work = run([slow, other], [link("in", "a"), link("in", "b")])
    assert work["a"].output.last == work["a"].output.first + 39
    assert work["b"].input.first < work["a"].output.last
    assert work["b"].output == Span(work["a"].output.last + 1, work["a"].output.last + 5)
