# SPDX-License-Identifier: Apache-2.0
"""FIFO sizing: the program against brute force."""

from itertools import product
from random import Random

import numpy as np
import pytest

from streamhw.compiler.fifo import (
    FIRST,
    MINIMUM,
    READ,
    Depths,
    Event,
    FifoProgram,
    Side,
    earliest,
    ends,
    schedule,
    size_fifos,
    verify,
    waiting_beats,
)
from streamhw.compiler.fifo.linear_program import cost_of, weight_of
from streamhw.errors import InternalError
from tests.compiler.fifo.programs import lines


def test_diamond() -> None:
    """The published example: 0 -> 1 -> 2 and 0 -> 2, where 2 must wait for both delays."""
    program = lines([("0", "1", 7, 8), ("1", "2", 9, 8), ("0", "2", 7, 8)])
    answer = size_fifos([program])
    assert answer.delay == {"0_1_0": 0, "1_2_1": 0, "0_2_2": 9}
    assert answer.depth == {"0_1_0": MINIMUM, "1_2_1": MINIMUM, "0_2_2": 9 + 2 * READ}
    assert answer.binding == ("0_2_2",)


def test_a_wide_value_waits_less_than_a_narrow_one() -> None:
    """One of two inputs must wait; the task between chooses the one with fewer bits."""
    for before, after, waiting in ((8, 24, "0_1_0"), (24, 8, "1_3_1")):
        edges = [("0", "1", 1, before), ("1", "3", 1, after), ("0", "2", 1, 8), ("2", "3", 30, 8)]
        assert size_fifos([lines(edges, beats=99)]).binding == (waiting,)


def test_no_result_is_delayed_to_save_a_fifo() -> None:
    """Task v could start late, for its wide value waits at j; but its other reader would, too."""
    edges = [
        ("s", "a", 1, 8),
        ("a", "j", 100, 8),
        ("s", "v", 1, 8),
        ("v", "j", 1, 24),
        ("v", "k", 1, 8),
        ("k", "end", 200, 8),
    ]
    program = lines(edges, beats=300)
    answer = size_fifos([program])
    assert answer.delay["s_v_2"] == 0
    assert answer.delay["v_j_3"] == 99
    assert earliest(program)[Event("end", Side.INPUT, FIRST)] == 202


def test_a_stream_that_waits_whole_waits_for_nothing_more() -> None:
    """Bits alone say that the narrow value waits; but all of the wide one's four beats wait
    anyway, so that the narrow one need not."""
    edges = [("0", "1", 1, 9), ("1", "3", 1, 8), ("0", "2", 1, 8), ("2", "3", 400, 8)]
    edges += [("0", "4", 1, 8), ("4", "3", 1, 64)]
    program = lines(edges, beats=4)
    once, answer = schedule(program, rounds=1), size_fifos([program])

    def bits(depth: dict[str, int]) -> int:
        return sum(s.bits * depth[s.name] for s in program.streams)

    assert bits(dict(answer.depth)) <= bits({s.name: s.depth(once) for s in program.streams})


def test_values_of_symbols_share_depths() -> None:
    """Over two programs, each stream has the deeper FIFO, and both certificates hold with it."""
    edges = [("0", "1", 7, 8), ("1", "2", 9, 8), ("0", "2", 7, 8)]
    short = lines([("0", "1", 7, 8), ("1", "2", 3, 8), ("0", "2", 7, 8)])
    answer = size_fifos([short, lines(edges)])
    assert answer.depth == size_fifos([lines(edges)]).depth
    for certificate in answer.certificates:
        verify(certificate)


def test_nothing_and_contradictions() -> None:
    assert size_fifos([]) == Depths({}, {})
    program = lines([("a", "b", 1, 8), ("b", "a", 1, 8)])
    with pytest.raises(InternalError, match=r"^FIFO sizing must have a schedule, but HiGHS says:"):
        size_fifos([program])


def brute_force(program: FifoProgram, starts: list[Event], weight: dict[str, float]) -> float:
    """The least waiting over all small integer start times."""
    first = earliest(program)
    horizon = int(max(first[e] for e in starts))
    choices = [
        range(int(first[e]) + 1) if e in program.results else range(horizon + 1) for e in starts
    ]
    grid = np.array(list(product(*choices)), dtype=float)
    time = dict(zip(starts, grid.T, strict=True))
    for event in starts:
        _, last = ends(event.owner, event.side)
        time[last] = time[event] + first[last] - first[event]
    possible = np.ones(len(grid), dtype=bool)
    for stream in program.streams:
        for read, written in zip(stream.read, stream.written, strict=True):
            possible &= time[read] >= time[written] + stream.lag + READ
    cost = cost_of(program, weight)
    total = sum(cost[event] * time[event] for event in time)
    return float(np.asarray(total)[possible].min())


def test_program_equals_brute_force() -> None:
    """Up to five tasks and six streams, in which paths meet, of one or two paces."""
    random, reconvergent = Random(6), 0
    for _ in range(200):
        tasks = [str(i) for i in range(random.randint(2, 5))]
        pairs = [(a, b) for i, a in enumerate(tasks) for b in tasks[i + 1 :]]
        chosen = sorted(random.choices(pairs, k=random.randint(1, 6)))
        edges = [(a, b, random.randint(1, 3), random.choice((1, 2, 3, 8))) for a, b in chosen]
        program = lines(edges, {t: random.choice((1, 1, 2)) for t in tasks}, beats=3)
        weight = {s.name: weight_of(s, earliest(program)) for s in program.streams}
        time = schedule(program, rounds=1)
        found = sum(k * time[e] for e, k in cost_of(program, weight).items())
        starts = [e for e in program.events if e.beat == FIRST]
        assert found == pytest.approx(brute_force(program, starts, weight), abs=1e-4), edges
        depths = size_fifos([program])
        verify(depths.certificates[0])
        reconvergent += len(depths.binding) > 0
    assert reconvergent > 60


# Certificates.


def test_fractions_of_cycles_round_to_depths_that_hold() -> None:
    """Whole depths of schedules with fractions are enough: a run on whole cycles is never later
    than a schedule, and each depth is the least that the schedule allows."""
    random = Random(4)
    for _ in range(500):
        beats = random.randint(2, 30)
        write, read = random.uniform(1, 4), random.uniform(1, 4)
        delay = random.uniform(max(0.0, (beats - 1) * (write - read)), 40)
        depth = waiting_beats(beats=beats, write_interval=write, read_interval=read, delay=delay)
        for d, fits in ((depth, True), (depth - 1, False)):
            writes = [j * write for j in range(beats)]
            reads = [READ + delay + j * read for j in range(beats)]
            room = all(writes[j + d] >= reads[j] + READ - 1e-4 for j in range(beats - d))
            assert room is fits or d == 0
