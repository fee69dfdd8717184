# SPDX-License-Identifier: Apache-2.0
"""Depths in a simulation of beats: random networks, in one table with what they compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import pytest

from streamhw.compiler.fifo import Equalization, size_fifos, verify
from streamhw.compiler.fifo.baselines import high_water, published
from streamhw.compiler.fifo.network import Buffer, Network, NetworkStream, NetworkTask
from streamhw.compiler.fifo.simulate import SimulationOutcome, simulate
from tests.compiler.fifo.networks import random_template


@dataclass
class Row:
    """What one way of sizing gave, over all networks."""

    deadlocks: int = 0
    slower: int = 0
    cycles: int = 0
    unbounded: int = 0
    beats: int = 0
    bits: int = 0

    def add(
        self, network: Network, depth: Mapping[str, int], free: SimulationOutcome
    ) -> SimulationOutcome:
        run = simulate(network, depth)
        self.deadlocks += run.deadlock
        if not run.deadlock:
            self.slower += run.results != free.results
            self.cycles += run.end
            self.unbounded += free.end
        self.beats += sum(depth.values())
        self.bits += sum(w.bits * depth[w.name] for w in network.wires)
        return run


def table(rows: Mapping[str, Row]) -> str:
    lines = ["| depths by | deadlocks | slower | cycles | beats | bits |",
             "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for name, r in rows.items():
        lines.append(
            f"| {name} | {r.deadlocks} | {r.slower} | {r.cycles / r.unbounded - 1:+.2%} | "
            f"{r.beats:,} | {r.bits:,} |"
        )
    return "\n".join(lines)


@pytest.mark.parametrize(
    "count", [100, pytest.param(1000, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_depths_of_random_networks(count: int) -> None:
    """At the bounds of all symbols: no deadlock, and every result in the cycle in which queues
    without bound give it; with fewer bits than the peaks of such a run."""
    random, rows = Random(3), {}  # type: Random, dict[str, Row]
    binding = 0
    for _ in range(count):
        template = random_template(random)
        network = template.at(*template.corners[0])
        program, free = network.program(), simulate(network)
        assert not free.deadlock
        for mode in Equalization:
            answer = size_fifos([program], mode)
            for certificate in answer.certificates:
                verify(certificate)
            run = rows.setdefault(f"this program, {mode.value}", Row()).add(
                network, answer.depth, free
            )
            assert not run.deadlock, template
            if mode is Equalization.NORMAL:
                assert run.results == free.results, template
                assert all(peak <= answer.depth[name] for name, peak in run.peaks.items())
                binding += len(answer.binding)
            depth = published(network, mode)
            rows.setdefault(f"published program, {mode.value}", Row()).add(network, depth, free)
        rows.setdefault("high-water marks", Row()).add(network, high_water(network), free)
        least = {w.name: 2 for w in network.wires}
        rows.setdefault("least of all", Row()).add(network, least, free)
    print(f"\n{count} networks, {binding} streams beyond the minimum\n{table(rows)}")
    ours = rows["this program, normal"]
    assert binding > count // 2
    assert ours.bits < rows["high-water marks"].bits
    assert rows["this program, conservative"].bits < ours.bits
    assert rows["least of all"].slower > count // 10


@pytest.mark.parametrize(
    "count", [25, pytest.param(300, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_every_value_of_the_symbols(count: int) -> None:
    """Depths from the corners of rows and lengths cost no cycle at any value in between."""
    random, runs = Random(5), 0
    for _ in range(count):
        template = random_template(random)
        answer = size_fifos([template.at(*values).program() for values in template.corners])
        for values in template.values:
            network = template.at(*values)
            run = simulate(network, answer.depth)
            assert not run.deadlock, (template, values)
            assert run.results == simulate(network).results, (template, values)
            runs += 1
    print(f"{runs} runs of {count} networks")


def test_less_than_a_binding_depth_costs_or_deadlocks() -> None:
    """The program does not pad: halving what binds hurts."""
    random = Random(8)
    hurt = tried = stopped = 0
    for _ in range(100):
        template = random_template(random)
        network = template.at(*template.corners[0])
        answer, free = size_fifos([network.program()]), simulate(network)
        for name in answer.binding:
            halved = simulate(network, {**answer.depth, name: answer.depth[name] // 2})
            tried += 1
            stopped += halved.deadlock
            hurt += halved.deadlock or halved.results != free.results
    print(f"{hurt} of {tried} halved queues hurt, {stopped} of them stop everything")
    assert hurt > 0.8 * tried
    assert stopped > 0


def test_a_transposition_needs_all_of_the_path_beside_it() -> None:
    """A buffer that is read when it is full: the other path holds the whole tensor, or all stop."""
    every = tuple(range(12))

    def wire(source: str, sink: str) -> NetworkStream:
        return NetworkStream(name=source + sink, source=source, sink=sink, given=every, taken=every)

    network = Network(
        tasks=tuple(NetworkTask(name=n, firings=12) for n in "swrj"),
        wires=(wire("s", "w"), wire("s", "j"), wire("r", "j")),
        buffers=(Buffer(writer="w", reader="r", written=(12,), read=(12,)),),
    )
    depth = size_fifos([network.program()]).depth
    # The fork's own pipeline holds two more.
    assert depth == {"sw": 2, "sj": 10, "rj": 2}
    assert simulate(network, depth).end == simulate(network).end
    stuck = simulate(network, {**depth, "sj": 9})
    assert stuck.deadlock
    assert stuck.waiting == ("s", "w", "r", "j")
