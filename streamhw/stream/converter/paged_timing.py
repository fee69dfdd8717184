# SPDX-License-Identifier: Apache-2.0
"""Timing of a mapped conversion: the writer waits for free pages, the reader for its words."""

from math import prod

import numpy as np
from numpy.typing import NDArray

from ..itensor.itensor import Symbol
from .geometry import ConverterGeometry
from .in_place_timing import PlaceSchedule

__all__ = ["MapSchedule"]

Beats = NDArray[np.int64]


class MapSchedule(PlaceSchedule):
    """The unstalled run: a page begun once one is free, a beat read once its words are written.

    Frees of a block may decide its own writes. Times are found as the least solution, from below:
    each round delays what the round before showed to be too early.
    """

    def _run(self, spec: ConverterGeometry, writes: int, invocations: int) -> Beats:
        pages = spec.pages
        assert pages is not None
        loops = pages.loops
        parts = spec.plan.banks if spec.source.lanes < spec.plan.lanes else 1
        trips = [self._trip(axis) for axis in loops.write]
        inside = [prod(trips[n + 1 :]) for n in range(len(trips))]
        page = prod(trips[loops.apart :])
        begins = np.arange(0, writes, page)
        order = np.arange(writes, dtype=np.int64)
        write_at = 2 * any(isinstance(axis.trip, Symbol) for axis in spec.writer)
        read_at = 2 * any(isinstance(axis.trip, Symbol) for axis in spec.reader)
        blocks = self._blocks_of(spec, loops.read, inside, invocations)
        issue: list[Beats] = []
        freed: Beats = np.zeros(0, dtype=np.int64)
        for number, block in enumerate(blocks):
            beats = np.arange(len(block.rank), dtype=np.int64)
            needs = block.rank + parts
            # a page is free with the last read of its last word
            leaves = np.flatnonzero(block.last & (block.rank % page == page - parts))
            if number >= 2:
                write_at = max(write_at, int(issue[number - 2][-1]) + 1)
            first = (
                number * len(begins) - pages.pages
            )  # which free the first page of this waits for
            base = np.full(writes, write_at, dtype=np.int64)
            known = freed
            while True:
                at = base.copy()
                waits = np.arange(len(begins)) + first
                some = (waits >= 0) & (waits < len(known))
                at[begins[some]] = np.maximum(at[begins[some]], known[waits[some]] + pages.latency)
                written = np.maximum.accumulate(at - order) + order
                reads = np.maximum(read_at, written[needs - 1] + 1)
                reads = np.maximum.accumulate(reads - beats) + beats
                found = np.concatenate([freed, reads[leaves]])
                if len(known) == len(found) and np.array_equal(found, known):
                    break
                known = found
            freed = found
            issue.append(reads)
            write_at, read_at = int(written[-1]) + 1, int(reads[-1]) + 1
            self._last_write = int(written[-1])
        return np.concatenate(issue)
