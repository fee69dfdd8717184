# SPDX-License-Identifier: Apache-2.0
"""Random networks: forks, joins, reductions, blocks read again, ragged rows, rates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from streamhw.compiler.fifo.network import Buffer, Network, NetworkStream, NetworkTask

__all__ = ["CONTEXT", "GROUP", "Template", "at_every_cycle", "random_template"]

GROUP, CONTEXT = 3, 6
"""Bounds: rows of an invocation, and the length of the longest."""


@dataclass(frozen=True)
class Step:
    """A task: ``domain`` says how many firings each row takes ("row": 1, "width": features,
    "length": features for each position), ``gives`` is a domain, too: "row" for a reduction."""

    name: str
    domain: str
    gives: str
    interval: int
    latency: int


@dataclass(frozen=True)
class Template:
    """A network at any value of its symbols: ``rows``, and ``first``: the first row's length."""

    width: int
    steps: tuple[Step, ...]
    wires: tuple[tuple[int, int, int], ...]
    buffers: tuple[tuple[int, int, str], ...]
    made: dict[tuple[int, int], Network] = field(default_factory=dict, compare=False, repr=False)

    @property
    def values(self) -> list[tuple[int, int]]:
        """All (rows, first): the last row's length is at most ``CONTEXT``."""
        return [
            (rows, first) for rows in range(1, GROUP + 1) for first in range(1, CONTEXT - rows + 2)
        ]

    @property
    def corners(self) -> list[tuple[int, int]]:
        """As the compiler's scenarios: many or few rows, at the end or the beginning."""
        return [(GROUP, CONTEXT - GROUP + 1), (GROUP, 1), (1, CONTEXT), (1, 1)]

    def at(self, rows: int, first: int) -> Network:
        """The network at values."""
        sizes = {
            "row": [1] * rows,
            "width": [self.width] * rows,
            "length": [self.width * (first + r) for r in range(rows)],
        }
        ends = {name: tuple(accumulate(each)) for name, each in sizes.items()}
        begins = {name: (0, *each[:-1]) for name, each in ends.items()}
        tasks = tuple(
            NetworkTask(
                name=s.name, firings=ends[s.domain][-1], interval=s.interval, latency=s.latency
            )
            for s in self.steps
        )
        wires = []
        for number, (a, b, bits) in enumerate(self.wires):
            source, sink = self.steps[a], self.steps[b]
            whole = source.gives == source.domain
            given = range(ends[source.domain][-1])
            taken = range(ends[sink.domain][-1])
            wires.append(
                NetworkStream(
                    name=f"{source.name}_{sink.name}_{number}",
                    source=source.name,
                    sink=sink.name,
                    bits=bits,
                    given=tuple(given) if whole else tuple(e - 1 for e in ends[source.domain]),
                    taken=tuple(taken) if source.gives == sink.domain else begins[sink.domain],
                )
            )
        buffers = []
        for a, b, block in self.buffers:
            writer, reader = self.steps[a], self.steps[b]
            written, read = ends[writer.domain], ends[reader.domain]
            per_row = block == "row"
            buffers.append(
                Buffer(
                    writer=writer.name,
                    reader=reader.name,
                    written=written if per_row else written[-1:],
                    read=read if per_row else read[-1:],
                    slots=2 if per_row else 1,
                    latency=3,
                )
            )
        return Network(tasks=tasks, wires=tuple(wires), buffers=tuple(buffers))


def random_template(random: Random) -> Template:
    """A connected acyclic network in which paths part and meet again."""
    steps: list[Step] = []
    wires: list[tuple[int, int, int]] = []
    buffers: list[tuple[int, int, str]] = []

    def step(domain: str, gives: str) -> int:
        interval, latency = random.choice((1, 1, 1, 2, 3)), random.choice((1, 2, 5, 12))
        steps.append(Step(f"t{len(steps)}", domain, gives, interval, latency))
        return len(steps) - 1

    def wire(source: int, sink: int) -> None:
        wires.append((source, sink, random.choice((4, 8, 24))))

    def alike(gives: str, below: int) -> list[int]:
        """Tasks whose output has a domain, and can still be read."""
        writers = {a for a, _, _ in buffers}
        return [i for i in range(below) if steps[i].gives == gives and i not in writers]

    step("width", "width")
    for _ in range(random.randint(2, 7)):
        count = len(steps)
        writers = {a for a, _, _ in buffers}
        ready = [i for i in range(count) if i not in writers]
        main = random.choice(ready[-3:])
        domain, kind = steps[main].gives, random.random()
        if kind < 0.2 and domain != "row":
            wire(main, step(domain, "row"))
        elif kind < 0.45 and domain == "width":
            block = random.choice(("row", "all"))
            writer = step("width", "width")
            reader = step(random.choice(("length", "width")), "")
            steps[reader] = Step(**{**vars(steps[reader]), "gives": steps[reader].domain})
            wire(main, writer)
            buffers.append((writer, reader, block))
        else:
            sink = step(domain, domain)
            wire(main, sink)
            for other in random.sample(others := alike(domain, count), min(2, len(others))):
                if other != main:
                    wire(other, sink)
            rows = alike("row", count)
            if domain != "row" and rows and random.random() < 0.6:
                wire(random.choice(rows), sink)
    # What nobody reads yet meets at the end.
    for domain in ("width", "length"):
        read = {a for a, _, _ in wires} | {a for a, _, _ in buffers}
        ends = [i for i in range(len(steps)) if steps[i].gives == domain and i not in read]
        rows = [i for i in range(len(steps)) if steps[i].gives == "row" and i not in read]
        if len(ends + rows) > 1 and ends:
            sink = step(domain, domain)
            for source in (*ends, *rows):
                wire(source, sink)
    return Template(random.randint(1, 3), tuple(steps), tuple(wires), tuple(buffers))


def at_every_cycle(network: Network, depth: Mapping[str, int]) -> dict[str, int] | None:
    """The same rules as the simulator's, cycle by cycle, as hardware has them; ends of results.

    A full queue takes nothing in a cycle in which it gives, and a beat can be read in the cycle
    after it was written. None if the tasks wait for each other for ever.
    """
    tasks = {t.name: t for t in network.tasks}
    fired: dict[str, list[int]] = {name: [] for name in tasks}
    written: dict[str, list[int]] = {w.name: [] for w in network.wires}
    level = {w.name: 0 for w in network.wires}
    patience = 40 + sum(t.latency + t.interval for t in network.tasks)
    cycle = moved = 0
    while cycle - moved <= patience:
        before, done = dict(level), {name: list(f) for name, f in fired.items()}
        for name, task in tasks.items():
            ins = [w for w in network.wires if w.sink == name]
            outs = [w for w in network.wires if w.source == name]
            for wire in outs:
                j = len(written[wire.name])
                if (
                    j < wire.beats
                    and wire.given[j] < len(done[name])
                    and cycle >= done[name][wire.given[j]] + task.latency
                    and before[wire.name] < depth[wire.name]
                ):
                    written[wire.name].append(cycle)
                    level[wire.name] += 1
                    moved = cycle
            n = len(done[name])
            if n == task.firings or (n and cycle < done[name][-1] + task.interval):
                continue
            taking = [w for w in ins if n in w.taken]
            if not all(before[w.name] for w in taking):
                continue
            if not all(_room(w, n, len(written[w.name]), task) for w in outs):
                continue
            if not all(_may(b, name, n, done, cycle) for b in network.buffers):
                continue
            fired[name].append(cycle)
            moved = cycle
            for w in taking:
                level[w.name] -= 1
        cycle += 1
    if any(len(fired[name]) < task.firings for name, task in tasks.items()):
        return None
    return {t.name: fired[t.name][-1] for t in network.results}


def _room(wire: NetworkStream, firing: int, written: int, task: NetworkTask) -> bool:
    return firing not in wire.given or wire.given.index(firing) - written < task.inside


def _may(buffer: Buffer, name: str, firing: int, done: Mapping[str, list[int]], cycle: int) -> bool:
    if name == buffer.reader and firing in (0, *buffer.read):
        last = buffer.written[(0, *buffer.read).index(firing)] - 1
        writes = done[buffer.writer]
        return len(writes) > last and cycle >= writes[last] + buffer.latency
    begins = (0, *buffer.written)[buffer.slots : len(buffer.written)]
    if name == buffer.writer and firing in begins:
        last = buffer.read[begins.index(firing)] - 1
        reads = done[buffer.reader]
        return len(reads) > last and cycle >= reads[last] + 1
    return True
