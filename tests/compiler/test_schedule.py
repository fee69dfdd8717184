# SPDX-License-Identifier: Apache-2.0
"""The dataflow recurrence on cases small enough to work out by hand."""

from dataclasses import replace

from streamhw.compiler.schedule import HOP, Activity, Clock, Link, Span, Supply, Task, Timeline
from streamhw.kernels.base import Timing

EIGHT = Span(0, 7)

assert HOP == 2, "the numbers below count two cycles for each queue"


def clock(*, rate: float = 1.0, buffer: int = 16, latency: float = 10) -> Clock:
    return Clock(supply=Supply(port="mem0", rate=rate, buffer=buffer, latency=latency))


def link(source: str, sink: str, part: int = 0, parts: int = 1) -> Link:
    name = f"{source}_{sink}"
    return Link(
        name=name, source=source, sink=sink, tokens=lambda _: 8, bits=8, part=part, parts=parts
    )


def task(
    name: str,
    latency: int,
    accept: int = 8,
    drain: int | None = None,
    resource: str | None = None,
    **changes: object,
) -> Task:
    timing = Timing(latency=latency, interval=accept, drain=latency if drain is None else drain)
    return Task(
        name=name,
        resource=resource or name,
        timing=lambda _: timing,
        accept=lambda _: accept,
        **changes,  # type: ignore[arg-type]
    )


def run(
    tasks: list[Task], links: list[Link], entering: Span = EIGHT, at: Clock | None = None
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
    assert work["x"].input == Span(5, 8.5)
    assert work["y"].input == Span(8.5, 12)


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
    """Forty beats at one a cycle, after ten cycles: more than the eight cycles of the input."""
    work = run([task("a", 3, demand=40)], [link("in", "a")], at=clock(buffer=64))
    assert work["a"].input == Span(2, 50)
    assert work["a"].output.last == 53


def test_supply_runs_ahead_as_far_as_its_buffer() -> None:
    supply = Supply(port="mem0", rate=0.5, buffer=16, latency=10)
    assert supply.deliver(8, since=0) == 10 + 8 / 0.5
    supply.eat(100)
    # Sixteen beats more: the first eight had to be eaten before the last eight were asked for.
    assert supply.deliver(16, since=0) == max(26 + 16 / 0.5, 100 + 10)


def test_memory_serves_what_was_asked_for_first() -> None:
    """A buffer of 16 beats at half a beat a cycle is full after 32 cycles; then 4 beats are taken
    at once, which takes memory 8 cycles."""
    supply = Supply(port="mem0", rate=0.5, buffer=16, latency=10)
    assert [supply.owed(cycle, since=100) for cycle in (99, 110, 132, 200)] == [0, 11, 0, 0]
    supply.deliver(4, since=100)
    supply.eat(200)
    assert [supply.owed(cycle, since=100) for cycle in (200, 204, 208)] == [0, 0, 0]
    supply.deliver(4, since=100)
    supply.eat(201)
    assert [supply.owed(cycle, since=100) for cycle in (201, 204, 209)] == [3.5, 2, 0]


def test_distributor_gives_a_beat_a_cycle() -> None:
    """However much waits on chip: what is ahead of a part came while it did something else."""
    supply = Supply(port="mem0", rate=1.0, buffer=64, latency=10)
    assert supply.deal(40, ahead=8, begin=100) == 132
    supply.eat(132)
    assert supply.deal(40, ahead=8, begin=133) == 172, "others took until 132"


def test_traffic_of_tasks_takes_from_the_parameters() -> None:
    state = clock(rate=0.5, buffer=0)
    slow = task("a", 3, memory="mem0", traffic=lambda _: 12)
    work = run([slow], [link("in", "a")], at=state)
    assert work["a"].input == Span(2, 26)
    assert state.supply.delivered == 24
    assert state.transfer("mem0", 1, begin=0, since=9) == 28, "the port is busy until 26"
    assert state.transfer("mem1", 1, begin=0, since=9) == 2


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
