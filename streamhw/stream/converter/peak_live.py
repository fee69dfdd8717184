# SPDX-License-Identifier: Apache-2.0
"""Peak live elements of a conversion: the least that any converter must hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, prod

import numpy as np

from ..axis import Axis
from ..itensor.itensor import ITensor
from .access_sequence import Replay, at_bounds, places, replay
from .block_plan import ConverterPlan, analyze

__all__ = ["PeakLive", "peak_live"]


@dataclass(frozen=True, kw_only=True)
class PeakLive:
    """Elements alive at once; an element is alive from its write to its last read.

    elements: the least possible, over all ways to interleave the two orders: the source writes a
        beat only when the next read needs it
    early: with a source that writes one beat in each cycle, and a target that takes one beat in a
        cycle as soon as all its elements are written, from the cycle after the write on
    block: elements of a block, which a buffer of the plain rule holds, or twice that
    lanes: elements of the wider beat
    """

    elements: int
    early: int
    block: int
    lanes: int

    @property
    def beats(self) -> int:
        """``elements`` in beats of the wider type, rounded up."""
        return ceil(self.elements / self.lanes)


@lru_cache(maxsize=1024)
def peak_live(source: ITensor, target: ITensor) -> PeakLive:
    """The exact peak live elements of a pair of types, with symbols at their bounds.

    Blocks do not overlap in the order of either type: all writes of a block precede those of the
    next, and so do all reads. So one block decides.

    Before read ``r`` the source has sent everything up to the last element that reads 0 to ``r``
    need, and nothing before the read can be forgotten that it or a later one takes: this many are
    alive in every schedule, and no more in the one that writes as late as it may.

    Complexity  beats of one block; a re-read counts as two, since what happens between the first
                and the last of its iterations changes nothing
    Raises      ``ValueError`` where no conversion exists (see ``analyze``)
    """
    plan = analyze(source, target)
    part = source.lanes * target.lanes // max(source.lanes, target.lanes)
    orders = _replay(plan, source, target, [min(2, at_bounds(axis)) for axis in plan.read])
    sent = np.maximum.accumulate(orders.needs) * (source.lanes // part)
    least = int((sent - orders.done).max()) * part
    timed = _replay(plan, source, target, _within(plan.read, orders.writes))
    return PeakLive(
        elements=least,
        early=_early(timed, source.lanes // part) * part,
        block=prod(plan.block),
        lanes=plan.lanes,
    )


def _replay(
    plan: ConverterPlan, source: ITensor, target: ITensor, rereads: Sequence[int]
) -> Replay:
    """The replay with the given trips of re-reads."""
    read = [
        axis if axis.increment else replace(axis, trip=trip)
        for axis, trip in zip(plan.read, rereads, strict=True)
    ]
    return replay(
        plan,
        places(plan.write),
        places(read),
        from_wide=source.lanes == plan.lanes,
        to_wide=target.lanes == plan.lanes,
    )


def _within(read: Sequence[Axis], beats: int) -> list[int]:
    """Trips of re-reads so far as they matter within the first ``beats`` reads."""
    trips: list[int] = []
    inside = 1
    for axis in reversed(read):
        trip = at_bounds(axis)
        if not axis.increment:
            trip = min(trip, ceil(beats / inside) + 1)
        trips.append(trip)
        inside *= trip
    return trips[::-1]


def _early(orders: Replay, parts: int) -> int:
    """Parts alive at once if the source never waits: ``parts`` come with each beat."""
    beats = np.arange(orders.reads, dtype=np.int64)
    # a beat that is written in cycle t can be read from cycle t + 1 on, one read a cycle
    cycles = beats + np.maximum.accumulate(orders.needs - beats)
    gone = np.zeros(orders.writes + 1, dtype=np.int64)
    during = cycles[cycles < orders.writes]
    after = np.append(orders.done[1:], orders.done[-1])[: len(during)]
    np.maximum.at(gone, during, after)
    alive = parts * np.arange(1, orders.writes + 1) - np.maximum.accumulate(gone[:-1])
    return int(alive.max())
