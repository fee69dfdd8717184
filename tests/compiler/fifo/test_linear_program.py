# SPDX-License-Identifier: Apache-2.0
"""FIFO sizing: formulas, the program against brute force, certificates that lie."""

from dataclasses import replace
from itertools import pairwise, product
from math import ceil
from random import Random

import numpy as np
import pytest

from streamhw.compiler.fifo import (
    MINIMUM,
    READ,
    Behaviour,
    Depths,
    FifoStream,
    Program,
    Rule,
    depth_of,
    earliest,
    max_tokens,
    schedule,
    size_fifos,
    verify,
    waiting_beats,
)
from streamhw.compiler.fifo.linear_program import cost_of, weight_of
from streamhw.errors import InternalError

Edge = tuple[str, str, int, int]
"""Source, sink, cycles from the source's first beat to the sink's at the least, bits."""


def lines(edges: list[Edge], pace: dict[str, int] | None = None, tokens: int = 16) -> Program:
    """Tasks that move rigidly: every beat is taken and given at one pace."""
    tasks = sorted({t for a, b, _, _ in edges for t in (a, b)})
    rules = []
    for task in tasks:
        length = float((tokens - 1) * (pace or {}).get(task, 1))
        terms = ((f"{task}.last", 1.0), (f"{task}.first", -1.0))
        rules.append(Rule(terms, length, "pace"))
        rules.append(Rule(tuple((e, -k) for e, k in terms), -length, "pace"))
    streams = tuple(
        FifoStream(
            name=f"{a}_{b}_{n}",
            source=a,
            sink=b,
            tokens=tokens,
            bits=bits,
            beats=(0, tokens - 1),
            written=(f"{a}.first", f"{a}.last"),
            read=(f"{b}.first", f"{b}.last"),
            lag=offset - READ,
        )
        for n, (a, b, offset, bits) in enumerate(edges)
    )
    read = {a for a, _, _, _ in edges}
    return Program(
        rules=tuple(rules),
        streams=streams,
        results=tuple(f"{t}.first" for t in tasks if t not in read),
        sides=tuple((f"{t}.first", f"{t}.last", 1.0) for t in tasks),
    )


# How many beats wait.


def test_published_formulas() -> None:
    """Figure 8: five tokens, the last one after 7 cycles, read from cycle 3 on, one every 2.

    Equation 2 and ours differ by the cycles in which a beat is handed on: published, a beat may
    be read as it is written and its place is free at once; here both take ``READ`` cycles.
    """
    faster, target = (
        Behaviour(initial=3, interval=1, tokens=5),
        Behaviour(initial=9, interval=2, tokens=5),
    )
    assert faster.total == 7
    assert max_tokens(faster, target, delay=3) == 5 - (7 - 3) // 2 == 3
    assert waiting_beats(tokens=5, write_interval=1, read_interval=2, delay=0) == 3
    slower = Behaviour(initial=3, interval=2, tokens=50)
    quick = Behaviour(initial=0, interval=1, tokens=50)
    assert max_tokens(slower, quick, delay=12) == ceil((12 - 3) / 2) == 5
    assert waiting_beats(tokens=50, write_interval=2, read_interval=1, delay=9) == 6
    assert max_tokens(replace(slower, tokens=4), quick, delay=100) == 4
    assert waiting_beats(tokens=4, write_interval=2, read_interval=1, delay=100) == 4
    assert waiting_beats(tokens=1, write_interval=1, read_interval=2, delay=100) == 1


@pytest.mark.parametrize(("write", "read"), list(product((1, 2, 3), (1, 2, 3))))
def test_ours_exceeds_the_published_by_what_a_queue_needs(write: int, read: int) -> None:
    for tokens, delay in product((1, 2, 5, 9), range(12)):
        source = Behaviour(initial=4, interval=write, tokens=tokens)
        target = Behaviour(initial=0, interval=read, tokens=tokens)
        ours = waiting_beats(tokens=tokens, write_interval=write, read_interval=read, delay=delay)
        theirs = max_tokens(source, target, delay=4 + delay)
        if delay + (tokens - 1) * (read - write) >= 0:
            assert theirs - 1 <= ours <= max(1, theirs) + 2 * READ


def test_depth_equals_enumeration() -> None:
    """Bent lines: the least depth by trying all, over every beat."""
    random = Random(1)
    for _ in range(2000):
        tokens = random.randint(1, 20)
        beats = tuple(sorted({0, tokens - 1, *(random.randrange(tokens) for _ in range(3))}))
        written, read = [0.0], [1.0 + random.randint(0, 20)]
        for a, b in pairwise(beats):
            written.append(written[-1] + (b - a) * random.choice((1, 1, 2, 3, 1.5)))
            read.append(read[-1] + (b - a) * random.choice((1, 1, 2, 3, 1.25)))
        w, r = (np.interp(range(tokens), beats, times) for times in (written, read))
        least = next(
            d
            for d in range(1, tokens + 1)
            if all(w[i + d] >= r[i] + READ - 1e-9 for i in range(tokens - d))
        )
        assert depth_of(beats, written, read) == least


# The program itself.


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
        assert size_fifos([lines(edges, tokens=99)]).binding == (waiting,)


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
    program = lines(edges, tokens=300)
    answer = size_fifos([program])
    assert answer.delay["s_v_2"] == 0
    assert answer.delay["v_j_3"] == 99
    assert earliest(program)["end.first"] == 202


def test_a_stream_that_waits_whole_waits_for_nothing_more() -> None:
    """Bits alone say that the narrow value waits; but all of the wide one's four beats wait
    anyway, so that the narrow one need not."""
    edges = [("0", "1", 1, 9), ("1", "3", 1, 8), ("0", "2", 1, 8), ("2", "3", 400, 8)]
    edges += [("0", "4", 1, 8), ("4", "3", 1, 64)]
    program = lines(edges, tokens=4)
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


def brute_force(program: Program, starts: list[str], weight: dict[str, float]) -> float:
    """The least waiting over all small integer start times."""
    first = earliest(program)
    horizon = int(max(first[e] for e in starts))
    choices = [
        range(int(first[e]) + 1) if e in program.results else range(horizon + 1) for e in starts
    ]
    grid = np.array(list(product(*choices)), dtype=float)
    time = dict(zip(starts, grid.T, strict=True))
    for event in starts:
        last = event.replace("first", "last")
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
        program = lines(edges, {t: random.choice((1, 1, 2)) for t in tasks}, tokens=3)
        weight = {s.name: weight_of(s, earliest(program)) for s in program.streams}
        time = schedule(program, rounds=1)
        found = sum(k * time[e] for e, k in cost_of(program, weight).items())
        starts = sorted(e for e in program.events if e.endswith("first"))
        assert found == pytest.approx(brute_force(program, starts, weight), abs=1e-4), edges
        depths = size_fifos([program])
        verify(depths.certificates[0])
        reconvergent += len(depths.binding) > 0
    assert reconvergent > 60


# Certificates.


def test_a_certificate_that_lies_is_found() -> None:
    program = lines([("0", "1", 7, 8), ("1", "2", 9, 8), ("0", "2", 7, 8)])
    (honest,) = size_fifos([program]).certificates
    verify(honest)
    for change, says in (
        (
            {"depth": {**honest.depth, "0_2_2": 10}},
            r"^Stream 0_2_2 must have 11 beats at , not 10$",
        ),
        (
            {"time": {e: t - 2 * e.startswith("1") for e, t in honest.time.items()}},
            r"^Beat 0 of 0_1_0 must be read after cycle 6, not at 5$",
        ),
        (
            {"time": {**honest.time, "1.last": honest.time["1.last"] + 5}},
            r"^Schedule must keep - 1 1\.last \+ 1 1\.first >= -15 \(pace\), not -20$",
        ),
    ):
        with pytest.raises(InternalError, match=says):
            verify(replace(honest, **change))  # type: ignore[arg-type]


def test_fractions_of_cycles_round_to_depths_that_hold() -> None:
    """Whole depths of schedules with fractions are enough: a run on whole cycles is never later
    than a schedule, and each depth is the least that the schedule allows."""
    random = Random(4)
    for _ in range(500):
        tokens = random.randint(2, 30)
        write, read = random.uniform(1, 4), random.uniform(1, 4)
        delay = random.uniform(max(0.0, (tokens - 1) * (write - read)), 40)
        depth = waiting_beats(tokens=tokens, write_interval=write, read_interval=read, delay=delay)
        for d, fits in ((depth, True), (depth - 1, False)):
            writes = [j * write for j in range(tokens)]
            reads = [READ + delay + j * read for j in range(tokens)]
            room = all(writes[j + d] >= reads[j] + READ - 1e-4 for j in range(tokens - d))
            assert room is fits or d == 0
