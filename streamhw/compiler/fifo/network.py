# SPDX-License-Identifier: Apache-2.0
"""Abstract dataflow networks: tasks that fire, streams of beats, buffers that are read again."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .constraints import FifoProgram, FifoStream, Rule
from .event import Event, Side

__all__ = ["Buffer", "Network", "NetworkStream", "NetworkTask"]


@dataclass(frozen=True, kw_only=True)
class NetworkTask:
    """Fires ``firings`` times an invocation, at most every ``interval`` cycles; what a firing
    gives leaves ``latency`` cycles later, or waits inside, at most as long as the pipeline is."""

    name: str
    firings: int
    interval: int = 1
    latency: int = 1

    @property
    def inside(self) -> int:
        """Results of one output that may be under way: what full rate needs, and one."""
        return -(-self.latency // self.interval) + 1


@dataclass(frozen=True, kw_only=True)
class NetworkStream:
    """A stream between two tasks.

    given, taken: for each beat, the firing of the source that gives it and the firing of the sink
    that takes it: repeated use, reduction and ragged rows are all in these numbers
    """

    name: str
    source: str
    sink: str
    given: tuple[int, ...]
    taken: tuple[int, ...]
    bits: int = 8

    @property
    def beats(self) -> int:
        return len(self.given)


@dataclass(frozen=True, kw_only=True)
class Buffer:
    """Blocks that one task writes and another reads as often as it likes.

    written, read: firings of the writer and of the reader up to the end of each block
    slots: blocks that there is room for; latency: cycles from a block's last write to its use
    """

    writer: str
    reader: str
    written: tuple[int, ...]
    read: tuple[int, ...]
    slots: int = 1
    latency: int = 1


@dataclass(frozen=True, kw_only=True)
class Network:
    """One invocation of tasks, with the streams and the buffers between them."""

    tasks: tuple[NetworkTask, ...]
    wires: tuple[NetworkStream, ...]
    buffers: tuple[Buffer, ...] = ()

    @property
    def results(self) -> tuple[NetworkTask, ...]:
        """Tasks that nobody waits for."""
        read = {w.source for w in self.wires} | {b.writer for b in self.buffers}
        return tuple(t for t in self.tasks if t.name not in read)

    def program(self, symbol_values: str = "") -> FifoProgram:
        """The network as the linear program sees it: an event for each firing and each beat that
        leaves a task, exact to the cycle."""
        return FifoProgram(
            rules=tuple(self._rules()),
            streams=tuple(
                FifoStream(
                    name=wire.name,
                    source=wire.source,
                    sink=wire.sink,
                    count=wire.beats,
                    bits=wire.bits,
                    beats=tuple(range(wire.beats)),
                    written=tuple(_beat(wire.name, j) for j in range(wire.beats)),
                    read=tuple(_firing(wire.sink, n) for n in wire.taken),
                )
                for wire in self.wires
            ),
            results=tuple(_firing(t.name, n) for t in self.results for n in range(t.firings)),
            sides=tuple(
                (_firing(t.name, 0), _firing(t.name, t.firings - 1), 1.0) for t in self.tasks
            ),
            symbol_values=symbol_values,
        )

    def _rules(self) -> Iterator[Rule]:
        for task in self.tasks:
            events = [_firing(task.name, n) for n in range(task.firings)]
            for before, after in pairwise(events):
                yield Rule(((after, 1.0), (before, -1.0)), task.interval, f"pace of {task.name}")
        tasks = {task.name: task for task in self.tasks}
        for wire in self.wires:
            source = tasks[wire.source]
            for j, n in enumerate(wire.given):
                beat, firing = _beat(wire.name, j), _firing(source.name, n)
                terms = ((beat, 1.0), (firing, -1.0))
                yield Rule(terms, source.latency, f"latency of {source.name}")
                if j:
                    terms = ((beat, 1.0), (_beat(wire.name, j - 1), -1.0))
                    yield Rule(terms, 1.0, f"beats of {wire.name}")
                if j >= source.inside:
                    terms = ((firing, 1.0), (_beat(wire.name, j - source.inside), -1.0))
                    yield Rule(terms, 0.0, f"room inside {source.name}")
        for buffer in self.buffers:
            for writer, reader in buffer_full(buffer):
                read, written = _firing(buffer.reader, reader), _firing(buffer.writer, writer)
                terms = ((read, 1.0), (written, -1.0))
                yield Rule(terms, buffer.latency, f"a block of {buffer.writer}")
            for reader, writer in buffer_free(buffer):
                read, written = _firing(buffer.reader, reader), _firing(buffer.writer, writer)
                terms = ((written, 1.0), (read, -1.0))
                yield Rule(terms, 1.0, f"room in {buffer.writer}")


def _firing(task: str, number: int) -> Event:
    return Event(task, Side.INPUT, number)


def _beat(wire: str, number: int) -> Event:
    return Event(wire, Side.STREAM, number)


def buffer_full(buffer: Buffer) -> Iterator[tuple[int, int]]:
    """(last write of a block, its first read)."""
    for written, begin in zip(buffer.written, (0, *buffer.read), strict=False):
        yield written - 1, begin


def buffer_free(buffer: Buffer) -> Iterator[tuple[int, int]]:
    """(last read of a block, first write of the block that takes its place)."""
    begins = (0, *buffer.written)[buffer.slots : len(buffer.written)]
    for read, begin in zip(buffer.read, begins, strict=False):
        yield read - 1, begin
