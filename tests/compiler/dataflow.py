# SPDX-License-Identifier: Apache-2.0
"""Abstract dataflow networks, run beat by beat: what FIFO depths must be good for."""

from dataclasses import dataclass
from math import ceil
from random import Random

from streamhw.compiler.fifo import Flow

__all__ = ["DONE", "Network", "Outcome", "Wire", "Work", "random_network"]

DONE, STUCK = "done", "stuck"


@dataclass(frozen=True)
class Work:
    """A task: takes a beat of every input each ``interval`` cycles at best, and gives one on every
    output ``latency`` cycles later; with ``whole`` only after it has taken all beats."""

    name: str
    interval: int
    latency: int
    whole: bool = False


@dataclass(frozen=True)
class Wire:
    """A stream from one task to another."""

    name: str
    source: str
    sink: str
    bits: int


@dataclass(frozen=True)
class Outcome:
    """``state`` is DONE or STUCK; ``ends``: the last cycle of each task that nobody waits for;
    ``peaks``: the most beats in each queue."""

    state: str
    ends: dict[str, int]
    peaks: dict[str, int]


@dataclass(frozen=True)
class Network:
    """Tasks in topological order, the streams between them, and the beats of each stream."""

    works: tuple[Work, ...]
    wires: tuple[Wire, ...]
    tokens: int

    def into(self, name: str) -> list[Wire]:
        return [w for w in self.wires if w.sink == name]

    def out_of(self, name: str) -> list[Wire]:
        return [w for w in self.wires if w.source == name]

    def intervals(self) -> dict[str, tuple[int, int]]:
        """Cycles a beat in and out of each task: no task is faster than what it is fed with."""
        found: dict[str, tuple[int, int]] = {}
        for work in self.works:
            taken = max([found[w.source][1] for w in self.into(work.name)] + [work.interval])
            found[work.name] = (taken, work.interval if work.whole else taken)
        return found

    def delay(self, work: Work) -> int:
        """Cycles from the first beat taken to the first given."""
        taken = self.intervals()[work.name][0]
        return work.latency + (taken * (self.tokens - 1) if work.whole else 0)

    def flows(self) -> list[Flow]:
        """The network as the program sees it."""
        speed, works = self.intervals(), {w.name: w for w in self.works}
        return [
            Flow(
                name=wire.name,
                source=wire.source,
                sink=wire.sink,
                offset=self.delay(works[wire.source]) + 1,
                tokens=self.tokens,
                write_interval=speed[wire.source][1],
                read_interval=speed[wire.sink][0],
                bits=wire.bits,
            )
            for wire in self.wires
        ]

    def run(self, depth: dict[str, int]) -> Outcome:
        """Every task does what it can in every cycle; results wait inside it for their queues.

        As in hardware, a full queue takes nothing in a cycle in which it gives, and a beat can be
        read in the cycle after it was written. A task may have as many results under way as its
        latency needs at full rate, and no more.
        """
        speed = self.intervals()
        inside = {
            w.name: self.tokens if w.whole else ceil(w.latency / speed[w.name][0]) + 1
            for w in self.works
        }
        level = {w.name: 0 for w in self.wires}
        peaks = dict(level)
        taken: dict[str, list[int]] = {w.name: [] for w in self.works}
        given = {w.name: 0 for w in self.wires}
        last = {w.name: -(10**9) for w in self.wires}
        patience = 4 + max(w.latency + w.interval for w in self.works) + 4 * len(self.works)
        cycle = moved = 0
        while cycle - moved <= patience:
            before = dict(level)
            for work in self.works:
                name, inputs, outputs = work.name, self.into(work.name), self.out_of(work.name)
                took = taken[name]
                for wire in outputs:
                    j = given[wire.name]
                    if j == self.tokens or before[wire.name] >= depth[wire.name]:
                        continue
                    cause = self.tokens - 1 if work.whole else j
                    ready = len(took) > cause and cycle >= took[cause] + work.latency
                    if ready and cycle >= last[wire.name] + work.interval:
                        given[wire.name] += 1
                        last[wire.name] = cycle
                        level[wire.name] += 1
                        moved = cycle
                under_way = len(took) - min((given[w.name] for w in outputs), default=len(took))
                if (
                    len(took) < self.tokens
                    and all(before[w.name] > 0 for w in inputs)
                    and (not took or cycle >= took[-1] + work.interval)
                    and under_way < inside[name]
                ):
                    took.append(cycle)
                    moved = cycle
                    for wire in inputs:
                        level[wire.name] -= 1
            for wire_name, beats in level.items():
                peaks[wire_name] = max(peaks[wire_name], beats)
            cycle += 1
        complete = all(len(took) == self.tokens for took in taken.values())
        ends = {
            w.name: taken[w.name][-1] for w in self.works if complete and not self.out_of(w.name)
        }
        return Outcome(DONE if complete else STUCK, ends, peaks)


def random_network(random: Random, *, one_rate: bool = False) -> Network:
    """A connected acyclic network in which paths part and meet again."""
    count, tokens = random.randint(3, 8), random.randint(1, 24)
    intervals = (random.choice((1, 2, 3)),) if one_rate else (1, 1, 1, 2, 3)
    works = tuple(
        Work(
            str(i),
            random.choice(intervals),
            random.choice((1, 2, 5, 12)),
            whole=random.random() < 0.2,
        )
        for i in range(count)
    )
    pairs = [(random.randrange(i), i) for i in range(1, count) if i == 1 or random.random() < 0.9]
    for _ in range(random.randint(1, count)):
        a, b = sorted(random.sample(range(count), 2))
        pairs.append((a, b))
    wires = tuple(
        Wire(f"{a}_{b}_{n}", str(a), str(b), random.choice((4, 8, 24)))
        for n, (a, b) in enumerate(pairs)
    )
    used = {name for wire in wires for name in (wire.source, wire.sink)}
    return Network(tuple(w for w in works if w.name in used), wires, tokens)
