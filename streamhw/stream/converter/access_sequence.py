# SPDX-License-Identifier: Apache-2.0
"""One block of a conversion as two sequences of places: who writes a tile when, who reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..axis import Axis
from ..itensor.itensor import Symbol
from .block_plan import ConverterPlan

__all__ = ["Replay", "at_bounds", "places", "replay"]

Beats = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The beats of one block, by number.

    needs: for each read, how many writes must have been: up to its last part
    allocates: the writes that are the first to touch their word, in order
    frees: the reads that are the last to touch their word, in order
    done: for each read, how many parts (tiles of the narrower type) have been read for the last
        time before it
    writes, reads: beats of the block
    """

    needs: Beats
    allocates: Beats
    frees: Beats
    done: Beats
    writes: int
    reads: int


def at_bounds(axis: Axis) -> int:
    """The trip of a loop, a symbol at its bound."""
    return axis.trip.bound if isinstance(axis.trip, Symbol) else axis.trip


def places(axes: Sequence[Axis], trips: Callable[[Axis], int] = at_bounds) -> Beats:
    """Addresses of a walk in order."""
    result: Beats = np.zeros(1, dtype=np.int64)
    for axis in reversed(axes):
        starts = np.arange(trips(axis), dtype=np.int64) * axis.increment
        result = (starts[:, None] + result[None, :]).reshape(-1)
    return result


def replay(
    plan: ConverterPlan, write: Beats, read: Beats, *, from_wide: bool, to_wide: bool
) -> Replay:
    """Sequences of one block from the addresses of its walks.

    from_wide, to_wide: whether a beat of that side is a whole word, not one part of it
    """
    banks, bits = plan.banks, plan.bank_bits
    bank = np.arange(banks, dtype=np.int64)
    written = _parts(write, bank, bits, wide=from_wide)
    taken = _parts(read, bank, bits, wide=to_wide)
    cells = plan.words << bits
    when = np.full(cells, -1, dtype=np.int64)
    when[written] = np.arange(len(write), dtype=np.int64)[:, None]
    last = np.full(cells, -1, dtype=np.int64)
    # of several reads of one place, numpy keeps what is assigned last: the last read
    last[taken] = np.arange(len(read), dtype=np.int64)[:, None]
    ends = np.bincount(last[last >= 0], minlength=len(read) + 1)
    word_last = last.reshape(plan.words, -1).max(axis=1)
    first = np.full(plan.words, -1, dtype=np.int64)
    backwards = written[::-1, 0] >> bits
    first[backwards] = np.arange(len(write), dtype=np.int64)[::-1]
    return Replay(
        needs=when[taken].max(axis=1) + 1,
        allocates=np.sort(first[first >= 0]),
        frees=np.sort(word_last[word_last >= 0]),
        done=np.concatenate(([0], np.cumsum(ends[: len(read)])))[: len(read)],
        writes=len(write),
        reads=len(read),
    )


def _parts(walk: Beats, bank: Beats, bits: int, *, wide: bool) -> Beats:
    """Places of all parts of each beat: word and bank as one number."""
    return (walk[:, None] << bits) + bank[None, :] if wide else walk[:, None]
