# SPDX-License-Identifier: Apache-2.0
"""A network of beats in time: every task fires as soon as beats, pace and room allow."""

from collections.abc import Mapping
from dataclasses import dataclass

from .constraints import READ
from .network import Network, NetworkTask, buffer_free, buffer_full

__all__ = ["SimulationOutcome", "simulate"]


@dataclass(frozen=True, kw_only=True)
class SimulationOutcome:
    """What a run was like.

    deadlock: whether tasks wait for each other for ever; waiting: their names then
    firings: the cycles of all tasks; results: of those that nobody waits for
    peaks: most beats at once in each queue, as its level register would show
    """

    deadlock: bool
    waiting: tuple[str, ...]
    firings: Mapping[str, tuple[int, ...]]
    results: Mapping[str, tuple[int, ...]]
    peaks: Mapping[str, int]

    @property
    def end(self) -> int:
        """The cycle of the last result."""
        return max(cycles[-1] for cycles in self.results.values())


@dataclass
class _Queue:
    given: tuple[int, ...]
    taken: tuple[int, ...]
    depth: int | None
    source: "_Running"
    sink: "_Running"
    writes: list[int]
    reads: list[int]


class _Running:
    """A task with the cycles of its firings so far."""

    def __init__(self, task: NetworkTask):
        self.task = task
        self.fired: list[int] = []
        self.inputs: list[_Queue] = []
        self.outputs: list[_Queue] = []
        # firing -> (other task, its firing, cycles after it)
        self.after: dict[int, list[tuple[_Running, int, int]]] = {}
        self.wakes: list[_Running] = []

    def run(self) -> bool:
        """Does all that is possible now; says whether anything was."""
        moved = False
        while self._give() | self._fire():
            moved = True
        return moved

    def _give(self) -> bool:
        moved, fired, latency = False, self.fired, self.task.latency
        for queue in self.outputs:
            writes, given, depth = queue.writes, queue.given, queue.depth
            while len(writes) < len(given) and given[len(writes)] < len(fired):
                j = len(writes)
                cycle = fired[given[j]] + latency
                if j and writes[-1] >= cycle:
                    cycle = writes[-1] + 1
                if depth is not None and j >= depth:
                    if j - depth >= len(queue.reads):
                        break
                    cycle = max(cycle, queue.reads[j - depth] + READ)
                writes.append(cycle)
                moved = True
        return moved

    def _fire(self) -> bool:
        n = len(self.fired)
        if n == self.task.firings:
            return False
        cycle = self.fired[-1] + self.task.interval if n else 0
        taking = []
        for queue in self.inputs:
            j = len(queue.reads)
            if j < len(queue.taken) and queue.taken[j] == n:
                if j >= len(queue.writes):
                    return False
                cycle = max(cycle, queue.writes[j] + READ)
                taking.append(queue)
        for other, firing, cycles in self.after.get(n, ()):
            if firing >= len(other.fired):
                return False
            cycle = max(cycle, other.fired[firing] + cycles)
        # A result needs a slot in the pipeline: one before it must have left.
        inside = self.task.inside
        for queue in self.outputs:
            j = len(queue.writes)
            if queue.given[-1] >= n:
                j = next_beat(queue.given, n, j)
                if queue.given[j] == n and j >= inside:
                    if j - inside >= len(queue.writes):
                        return False
                    cycle = max(cycle, queue.writes[j - inside])
        self.fired.append(cycle)
        for queue in taking:
            queue.reads.append(cycle)
        return True


def next_beat(given: tuple[int, ...], firing: int, beat: int) -> int:
    """The first beat from ``beat`` on that no firing before ``firing`` gives."""
    while given[beat] < firing:
        beat += 1
    return beat


def simulate(network: Network, depth: Mapping[str, int] | None = None) -> SimulationOutcome:
    """Runs one invocation with these depths, or with queues without bound.

    Method   cycles follow from causes, so that tasks may be run in any order, each as far as it
             can: what a cycle-by-cycle simulation finds, in time proportional to the beats
    """
    running = {task.name: _Running(task) for task in network.tasks}
    queues = []
    for wire in network.wires:
        source, sink = running[wire.source], running[wire.sink]
        limit = None if depth is None else depth[wire.name]
        queue = _Queue(wire.given, wire.taken, limit, source, sink, [], [])
        queues.append(queue)
        source.outputs.append(queue)
        sink.inputs.append(queue)
    for buffer in network.buffers:
        writer, reader = running[buffer.writer], running[buffer.reader]
        for last, first in buffer_full(buffer):
            reader.after.setdefault(first, []).append((writer, last, buffer.latency))
        for last, first in buffer_free(buffer):
            writer.after.setdefault(first, []).append((reader, last, 1))
        writer.wakes.append(reader)
        reader.wakes.append(writer)
    for task in running.values():
        task.wakes += [q.sink for q in task.outputs] + [q.source for q in task.inputs]
    pending = dict.fromkeys(running.values())
    while pending:
        task = next(iter(pending))
        del pending[task]
        if task.run():
            pending |= dict.fromkeys(task.wakes)
    waiting = tuple(n for n, t in running.items() if len(t.fired) < t.task.firings)
    firings = {name: tuple(task.fired) for name, task in running.items()}
    return SimulationOutcome(
        deadlock=bool(waiting),
        waiting=waiting,
        firings=firings,
        results={t.name: firings[t.name] for t in network.results},
        peaks={w.name: _peak(q) for w, q in zip(network.wires, queues, strict=True)},
    )


def _peak(queue: _Queue) -> int:
    most = read = 0
    for number, cycle in enumerate(queue.writes, 1):
        while read < len(queue.reads) and queue.reads[read] <= cycle:
            read += 1
        most = max(most, number - read)
    return most
