# SPDX-License-Identifier: Apache-2.0
"""Memory's time, by hand: a rate, a latency, room on chip, and turns on a port."""

import pytest

from streamhw.compiler.performance.memory_supply import Clock, Span, Supply


def supply(**changes: float) -> Supply:
    values = {"port": "m", "rate": 0.5, "buffer": 8, "latency": 10}
    return Supply(**values | changes)


def test_beats_come_at_the_rate_behind_the_latency() -> None:
    stream = supply()
    assert stream.deliver(4, since=100) == 100 + 10 + 4 / 0.5
    assert stream.deliver(4, since=100) == 100 + 10 + 8 / 0.5


def test_a_full_buffer_waits_until_its_beats_are_eaten() -> None:
    stream = supply()
    stream.deliver(8, since=0)
    stream.take(200, routed=200)
    assert stream.deliver(8, since=0) >= 200 + 10


def test_the_demux_gives_a_beat_a_cycle_in_turn() -> None:
    stream = supply()
    first = stream.route(6, ahead=0, begin=50, lead=0)
    assert first == Span(0, 56)
    stream.take(60, routed=56)
    assert stream.route(4, ahead=0, begin=10, lead=2) == Span(58, 62)


def test_others_delay_what_is_asked_for_later() -> None:
    plain, disturbed = supply(), supply()
    disturbed.give_way(5)
    assert disturbed.deliver(1, since=-20) - plain.deliver(1, since=-20) == pytest.approx(5 / 0.5)


def test_reads_of_one_port_take_turns() -> None:
    clock = Clock(supply=supply())
    one = clock.read("other", 10, begin=0, wait=5, since=0)
    assert one == Span(5, 5 + 10 / 0.5)
    two = clock.read("other", 10, begin=0, wait=5, since=0)
    assert two == Span(one.last, one.last + 20)


def test_a_gap_is_used_by_who_comes_later() -> None:
    clock = Clock(supply=supply(rate=1.0))
    clock.read("other", 4, begin=20, wait=0, since=0)
    assert clock.read("other", 4, begin=0, wait=0, since=0) == Span(0, 4)
    assert clock.write("other", 4, begin=18, since=0) == Span(18, 26)


def test_spans_move() -> None:
    assert Span(1, 5).later(3) == Span(4, 8)


def test_what_is_asked_for_follows_what_was_consumed_since() -> None:
    stream, fresh = supply(total=100), supply(total=100)
    for each in (stream, fresh):
        each.deliver(8, since=0)
        each.take(30, routed=30)
    kept = stream.until(40, since=0)
    assert kept == stream.until(40, since=0)
    for each in (stream, fresh):
        each.deliver(8, since=0)
        each.take(90, routed=90)
    assert stream.until(100, since=0) == fresh.until(100, since=0) > kept
    for each in (stream, fresh):
        each.total = 12
    assert stream.until(100, since=0) == fresh.until(100, since=0)
    assert stream.until(100, since=50) == fresh.until(100, since=50)


def test_a_full_buffer_is_asked_for_again_when_it_is_consumed() -> None:
    stream = supply()
    stream.deliver(8, since=0)
    stream.take(40, routed=40)
    # 8 beats at once, and 8 more as these leave, the last of them in cycle 40.
    assert stream.until(40, since=0) == 40 + 10
    assert stream.until(20, since=0) == pytest.approx(0 + 12 / 0.5 + 10)


def test_memory_has_no_idle_cycle_while_it_is_asked_for_beats_as_fast_as_it_sends_them() -> None:
    """Eight beats leave the buffer, one a cycle: a latency later memory sends the next eight, each
    when it is asked for, and a write finds no gap between them. At half that pace it finds one."""
    for pace, idle in ((1, 118), (2, 112)):
        stream = supply(rate=1.0)
        stream.deliver(8, since=0)
        stream.route(8, ahead=0, begin=100, lead=0)
        stream.deliver(8, since=0)
        stream.take(120, routed=100 + 8 * pace)
        assert stream.idle(112, since=0) == idle
