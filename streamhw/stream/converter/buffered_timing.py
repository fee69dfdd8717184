# SPDX-License-Identifier: Apache-2.0
"""Timing of the layout converter: its unstalled run, block by block."""

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..axis import Axis
from ..itensor.itensor import Loop, Symbol, SymbolValues
from .buffered import READER_VALUES
from .geometry import ConverterGeometry

__all__ = ["Schedule"]


class Schedule:
    """The unstalled run of some invocations, in cycles from the first input beat accepted."""

    def __init__(self, spec: ConverterGeometry, symbol_values: SymbolValues, invocations: int):
        plan = spec.plan
        self._plan = plan
        self._symbol_values = symbol_values
        self._values: dict[str, Iterator[int]] = {}
        self._position = 0
        self._blocks: list[int] = []
        self._ends: dict[str, list[int]] = {s.name: [] for s in spec.symbols if s.ragged}
        self._rows = {s.name: spec.values(s, symbol_values) for s in spec.symbols if s.ragged}
        counts = {name: len(rows) for name, rows in self._rows.items()}
        self._rewind()
        self._visit((*plan.shared, *plan.target), len(plan.shared))
        writes = prod(self._trip(loop) for loop in plan.source)
        issue = self._run(spec, writes, invocations)
        per = self._blocks[-1]
        self.reads = [int(issue[a * per]) for a in range(invocations)]
        self.last_read = int(issue[-1])
        self.last_accepted = self._last_write
        for name, count in counts.items():
            self.last_accepted = max(self.last_accepted, self._last_value(name, count, issue))

    def _rewind(self) -> None:
        """Ragged symbols begin with their first value again."""
        self._values = {name: iter(rows) for name, rows in self._rows.items()}

    def _trip(self, loop: Loop | Axis) -> int:
        if isinstance(loop.trip, int):
            return loop.trip
        if loop.trip.ragged:
            return next(self._values[loop.trip.name])
        value = self._symbol_values.get(loop.trip.name, loop.trip.bound)
        if not isinstance(value, int | np.integer):
            raise ValueError(f"Converter symbol {loop.trip} must have one value, not {value}")
        return int(value)

    def _visit(self, loops: tuple[Loop, ...], shared: int) -> None:
        """Counts reads to the end of each block and of each entry of a ragged loop."""
        ragged = [
            (loop, loop.trip.name)
            for loop in loops
            if isinstance(loop.trip, Symbol) and loop.trip.ragged
        ]
        if ragged and ragged[-1][0] is not loops[0]:
            for _ in range(self._trip(loops[0])):
                self._visit(loops[1:], shared - 1)
            if shared == 0:
                self._blocks.append(self._position)
        else:
            # all blocks are alike
            trips = [self._trip(loop) for loop in loops]
            outer = max(0, shared)
            size, blocks = prod(trips[outer:]), prod(trips[:outer])
            ends = range(self._position + size, self._position + blocks * size + 1, size)
            self._blocks += ends if shared >= 0 else ()
            self._position += blocks * size
        if ragged and ragged[0][0] is loops[0]:
            self._ends[ragged[0][1]].append(self._position)

    def _run(self, spec: ConverterGeometry, writes: int, invocations: int) -> NDArray[np.int64]:
        """Cycles of all reads."""
        plan = self._plan
        write_at = 2 * any(isinstance(axis.trip, Symbol) for axis in spec.writer)
        read_at = 2 * any(isinstance(axis.trip, Symbol) for axis in spec.reader)
        ends: list[int] = []
        issue: list[NDArray[np.int64]] = []
        gather = plan.banks if spec.target.lanes > spec.source.lanes else 1
        one_pass = writes // gather * (plan.banks if spec.source.lanes > spec.target.lanes else 1)
        sizes = np.diff([0, *self._blocks]).tolist()
        for block, size in enumerate(sizes * invocations):
            if block >= spec.buffers:
                write_at = max(write_at, ends[block - spec.buffers] + 1)
            complete = write_at + writes
            beats = np.arange(size, dtype=np.int64)
            if plan.follow:
                first = np.minimum(beats, one_pass - 1)
                reads = np.maximum(read_at + first, write_at + gather + gather * first)
                if gather == 1:
                    reads = max(read_at, write_at + 1) + beats
                else:
                    reads += beats - first
            else:
                reads = max(read_at, complete) + beats
            issue.append(reads)
            ends.append(int(reads[-1]))
            write_at, read_at = complete, ends[-1] + 1
            self._last_write = complete - 1
        return np.concatenate(issue)

    def _last_value(self, name: str, count: int, issue: NDArray[np.int64]) -> int:
        """When the last value of a ragged symbol finds a slot in the reader's queue."""
        waits = count - READER_VALUES
        if waits <= 0:
            return count - 1
        taken = 1 if waits == 1 else int(issue[self._ends[name][waits - 2] - 1])
        return max(count - 1, taken + 1)
