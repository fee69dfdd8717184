# SPDX-License-Identifier: Apache-2.0
"""Timing of a conversion in place: writer and reader wait for each other word by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

import numpy as np
from numpy.typing import NDArray

from ..itensor.itensor import Symbol
from .buffered_timing import Schedule
from .geometry import ConverterGeometry
from .in_place_plan import PlaceAxis

__all__ = ["PlaceSchedule"]

Beats = NDArray[np.int64]


@dataclass(frozen=True)
class _Reads:
    """Reads in order.

    rank: which word, by number of its first beat in the order of the source
    last: whether it frees the word
    knows: beats of the source that must have been for the address after this one; at the end -1
    """

    rank: Beats
    last: NDArray[np.bool_]
    knows: Beats


class PlaceSchedule(Schedule):
    """The unstalled run: each beat is written once a place is free for it, each read once the
    words that it needs are written, one of each a cycle."""

    def _run(self, spec: ConverterGeometry, writes: int, invocations: int) -> Beats:
        place = spec.place
        assert place is not None
        parts = spec.plan.banks if spec.source.lanes < spec.plan.lanes else 1
        trips = [self._trip(axis) for axis in place.write]
        inside = list(accumulate(reversed(trips), mul, initial=1))[::-1][1:]
        write_at = 2 * any(isinstance(axis.trip, Symbol) for axis in spec.writer)
        read_at = 2 * any(isinstance(axis.trip, Symbol) for axis in spec.reader)
        order = np.arange(writes, dtype=np.int64)
        issue: list[Beats] = []
        freed: Beats | None = None
        for block in self._blocks_of(spec, place.read, inside, invocations):
            at = np.full(writes, write_at, dtype=np.int64)
            if freed is not None:
                at[::parts] = np.maximum(at[::parts], freed + 1)
            written = np.maximum.accumulate(at - order) + order
            beats = np.arange(len(block.rank), dtype=np.int64)
            needs = np.maximum(block.rank + parts, block.knows)
            reads = np.maximum(read_at, written[needs - 1] + 1)
            reads = np.maximum.accumulate(reads - beats) + beats
            freed = reads[block.last]
            issue.append(reads)
            write_at, read_at = int(written[-1]) + 1, int(reads[-1]) + 1
            self._last_write = int(written[-1])
        return np.concatenate(issue)

    def _blocks_of(
        self,
        spec: ConverterGeometry,
        read: Sequence[PlaceAxis],
        inside: Sequence[int],
        invocations: int,
    ) -> list[_Reads]:
        shared = [self._trip(loop) for loop in spec.plan.shared]
        blocks: list[_Reads] = []
        self._rewind()
        one = None if any(_is_ragged(axis) for axis in read) else self._reads(read, inside)
        for _ in range(int(np.prod(shared, dtype=np.int64))):
            blocks.append(one or self._reads(read, inside))
        return blocks * invocations

    def _reads(self, axes: Sequence[PlaceAxis], inside: Sequence[int]) -> _Reads:
        """All reads of a nest, from the inside out; ragged loops entry by entry."""
        if not axes:
            return _Reads(np.zeros(1, np.int64), np.ones(1, np.bool_), np.full(1, -1))
        axis, trip = axes[0], self._trip(axes[0])
        if any(_is_ragged(a) for a in axes[1:]):
            entries = [self._reads(axes[1:], inside) for _ in range(trip)]
        else:
            entries = [self._reads(axes[1:], inside)] * trip
        step = 0 if axis.digit is None else inside[axis.digit]
        rank = np.concatenate([e.rank + n * step for n, e in enumerate(entries)])
        last = np.concatenate(
            [e.last & (axis.digit is not None or n == trip - 1) for n, e in enumerate(entries)]
        )
        knows = np.concatenate([e.knows for e in entries])
        ends = np.cumsum([len(e.rank) for e in entries])[:-1] - 1
        knows[ends] = step if axis.unit else 0
        return _Reads(rank, last, knows)


def _is_ragged(axis: PlaceAxis) -> bool:
    return isinstance(axis.trip, Symbol) and axis.trip.ragged
