# SPDX-License-Identifier: Apache-2.0
"""FIFO sizing: the program against brute force, its depths in a simulation beat by beat."""

from dataclasses import replace
from itertools import product
from math import ceil
from random import Random

import numpy as np
import pytest

from streamhw.compiler.fifo import (
    MINIMUM,
    Depths,
    Flow,
    earliest_starts,
    size_fifos,
    waiting_beats,
)
from streamhw.errors import InternalError
from tests.compiler.dataflow import DONE, Network, random_network

GRAPHS = 200


def flow(source: str, sink: str, offset: float = 1, **changes: object) -> Flow:
    words: dict[str, object] = {"tokens": 16, "write_interval": 1, "read_interval": 1, "bits": 8}
    words |= changes
    name = str(words.pop("name", f"{source}_{sink}"))
    return Flow(name=name, source=source, sink=sink, offset=offset, **words)  # type: ignore[arg-type]


def waiting_bits(flows: list[Flow], start: dict[str, float]) -> float:
    return sum(
        f.bits / f.write_interval * (start[f.sink] - start[f.source] - f.offset) for f in flows
    )


# The program itself.


def test_diamond() -> None:
    """The published example: 0 -> 1 -> 2 and 0 -> 2, where 2 must wait for both delays."""
    flows = [flow("0", "1", 7), flow("1", "2", 9), flow("0", "2", 7)]
    answer = size_fifos(flows)
    assert answer.delay == {"0_1": 0, "1_2": 0, "0_2": 9}
    assert answer.depth == {"0_1": MINIMUM, "1_2": MINIMUM, "0_2": 10}
    assert answer.binding == ("0_2",)


def test_published_formulas() -> None:
    """Equation 1 (the source is faster): five tokens, the last one written after 7 cycles, the
    first one read after 3, one every 2, so that 5 - floor((7 - 3) / 2) wait. Equation 2 (the source
    is slower): ceil((delay - D) / interval), and the one that is just being written."""
    faster = flow("a", "b", 3, tokens=5, write_interval=1, read_interval=2)
    assert waiting_beats(faster, 3 - 3) == 5 - (7 - 3) // 2 == 3
    slower = flow("a", "b", 3, tokens=50, write_interval=2, read_interval=1)
    assert waiting_beats(slower, 12 - 3) == ceil((12 - 3) / 2) + 1 == 6
    assert waiting_beats(replace(faster, tokens=1), 100) == 1
    assert waiting_beats(replace(slower, tokens=4), 100) == 4


def test_a_wide_value_waits_less_than_a_narrow_one() -> None:
    """One of two inputs must wait; the task between chooses the one with fewer bits."""
    for before, after, waiting in ((8, 24, "0_1"), (24, 8, "1_3")):
        flows = [
            flow("0", "1", 1, bits=before),
            flow("1", "3", 1, bits=after),
            flow("0", "2", 1),
            flow("2", "3", 30),
        ]
        assert size_fifos(flows).binding == (waiting,)


def test_no_result_is_delayed_to_save_a_fifo() -> None:
    """Task v could start late, for its wide value waits at j; but its other reader would, too."""
    flows = [
        flow("s", "a", 1),
        flow("a", "j", 100),
        flow("s", "v", 1),
        flow("v", "j", 1, bits=24),
        flow("v", "k", 1),
        flow("k", "end", 200),
    ]
    answer = size_fifos(flows)
    assert answer.delay["s_v"] == 0
    assert answer.delay["v_j"] == 99
    assert earliest_starts(flows)["end"] == 202


def test_nothing_and_cycles() -> None:
    assert size_fifos([]) == Depths({}, {})
    with pytest.raises(InternalError, match=r"^Flows must not form a cycle, but a -> b does$"):
        size_fifos([flow("a", "b", 0), flow("b", "a", 0)])


def brute_force(flows: list[Flow]) -> float:
    """The least bits that wait, over all small integer start times."""
    earliest = earliest_starts(flows)
    tasks, sources = sorted(earliest), {f.source for f in flows}
    horizon = int(max(earliest.values()))
    choices = [
        range(horizon + 1) if name in sources else range(int(earliest[name]) + 1) for name in tasks
    ]
    grid = np.array(list(product(*choices)))
    start = dict(zip(tasks, grid.T, strict=True))
    possible = np.ones(len(grid), dtype=bool)
    total = np.zeros(len(grid))
    for f in flows:
        delay = start[f.sink] - start[f.source] - f.offset
        possible &= delay >= 0
        total += f.bits / f.write_interval * delay
    return float(total[possible].min())


def test_program_equals_brute_force() -> None:
    random, reconvergent = Random(6), 0
    for _ in range(GRAPHS):
        tasks = [str(i) for i in range(random.randint(2, 5))]
        edges = [(a, b) for i, a in enumerate(tasks) for b in tasks[i + 1 :]]
        chosen = sorted(random.choices(edges, k=random.randint(1, 6)))
        flows = [
            flow(
                a,
                b,
                random.randint(0, 2),
                name=str(n),
                bits=random.choice((1, 2, 3, 8)),
                write_interval=random.choice((1, 2)),
                read_interval=random.choice((1, 2)),
            )
            for n, (a, b) in enumerate(chosen)
        ]
        answer = size_fifos(flows)
        found = sum(f.bits / f.write_interval * answer.delay[f.name] for f in flows)
        assert found == pytest.approx(brute_force(flows)), flows
        reconvergent += found > 0
        for f in flows:
            assert answer.depth[f.name] == max(MINIMUM, waiting_beats(f, answer.delay[f.name]))
    assert reconvergent > GRAPHS // 3


# Its depths in an abstract simulation of every beat.


def networks(*, one_rate: bool = False) -> list[Network]:
    random = Random(9)
    return [random_network(random, one_rate=one_rate) for _ in range(GRAPHS)]


def unbounded(depths: Depths) -> dict[str, int]:
    return dict.fromkeys(depths.depth, 10**6)


def test_depths_neither_deadlock_nor_delay_the_schedule() -> None:
    """Tasks of different speeds, and such that take all before they give: every result is there
    when the straight lines of the program say. (FIFOs without bound sometimes beat the lines: what
    a slow task did ahead of time lets a faster reader catch up.)"""
    total = binding = beaten = 0
    for network in networks():
        flows = network.flows()
        answer, earliest, speed = size_fifos(flows), earliest_starts(flows), network.intervals()
        sized = network.run(answer.depth)
        assert sized.state == DONE, network
        for name, end in sized.ends.items():
            assert end <= earliest[name] + (network.tokens - 1) * speed[name][0], network
        for name, peak in sized.peaks.items():
            assert peak <= answer.depth[name]
        total += sum(answer.depth.values())
        binding += len(answer.binding)
        beaten += network.run(unbounded(answer)).ends != sized.ends
    print(f"{GRAPHS} graphs: {total} beats, {binding} streams beyond the minimum, {beaten} beaten")
    assert binding > GRAPHS
    assert beaten < GRAPHS // 20


def test_depths_cost_no_cycle_at_one_rate() -> None:
    """Where all tasks have one speed, FIFOs without bound are not a cycle faster."""
    binding = 0
    for network in networks(one_rate=True):
        answer = size_fifos(network.flows())
        sized = network.run(answer.depth)
        assert sized.state == DONE, network
        assert sized.ends == network.run(unbounded(answer)).ends, network
        binding += len(answer.binding)
    assert binding > GRAPHS


def test_less_than_a_binding_depth_costs_or_deadlocks() -> None:
    """The program does not pad: halving what binds often hurts: a quarter of the time or more,
    where neither the latencies inside tasks nor an idle source make up for it."""
    hurt = tried = stopped = 0
    for network in networks():
        answer = size_fifos(network.flows())
        free = network.run(unbounded(answer))
        for name in answer.binding:
            halved = network.run({**answer.depth, name: answer.depth[name] // 2})
            tried += 1
            stopped += halved.state != DONE
            hurt += halved.state != DONE or halved.ends != free.ends
    print(f"{hurt} of {tried} halved queues hurt, {stopped} of them stop everything")
    assert hurt > tried // 4
    assert stopped > 0


def test_simulated_waiting_is_never_more_than_the_formula() -> None:
    """One stream between a writer and a reader of any speeds and delay."""
    for tokens, write, read, delay in product((1, 2, 5, 9), (1, 2, 3), (1, 2, 3), range(0, 12)):
        if write > read:
            continue
        writes = [j * write for j in range(tokens)]
        reads = [1 + delay + j * read for j in range(tokens)]
        peak = max(
            sum(w < cycle for w in writes) - sum(r < cycle for r in reads)
            for cycle in range(reads[-1] + 2)
        )
        f = flow("a", "b", tokens=tokens, write_interval=write, read_interval=read)
        assert peak <= waiting_beats(f, delay) <= peak + 1
