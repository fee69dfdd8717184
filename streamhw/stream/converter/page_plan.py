# SPDX-License-Identifier: Apache-2.0
"""Pages of a mapped conversion: how many hold what is live, and where a block's pages are."""

from dataclasses import dataclass

import numpy as np

from .. import spec as base
from ..axis import Axis
from ..itensor.itensor import ITensor
from ..queue import queue_latency, queue_memory
from .access_sequence import at_bounds, places
from .block_plan import ConverterPlan
from .in_place_plan import PlacePlan

__all__ = ["PagePlan", "page_plan"]


@dataclass(frozen=True, kw_only=True)
class PagePlan:
    """A page is a run of words that both orders have in the same sequence.

    loops: the walks; pages: in memory; pitch: words of a page
    entries: pages of a block, symbols at their bounds: the table tells where each one is
    latency: cycles from the read that frees a page until the writer can have it
    """

    loops: PlacePlan
    pages: int
    pitch: int
    entries: int

    @property
    def scale(self) -> int:
        """What an address of a page counts: pages, or words if they are no power of two."""
        return 1 if self.pitch & (self.pitch - 1) == 0 else self.pitch

    @property
    def address_bits(self) -> int:
        """Bits of the address of a page."""
        return max(1, ((self.pages - 1) * self.scale).bit_length())

    @property
    def latency(self) -> int:
        return 1 + queue_latency(self.pages)

    @property
    def memories(self) -> tuple[base.Memory, ...]:
        """The table of two blocks, and the list of free pages."""
        free = queue_memory(self.address_bits, self.pages)
        return base.Memory(self.address_bits, 2 * self.entries), *((free,) if free else ())

    @property
    def table_bits(self) -> int:
        """Bits of both."""
        return sum(memory.bits for memory in self.memories)


def page_plan(
    plan: ConverterPlan, loops: PlacePlan | None, source: ITensor, target: ITensor
) -> PagePlan | None:
    """Pages for what is live at page granularity, and what is on its way back to the writer.

    None where both orders are the same, so that there is one page, or have no common loops.
    """
    if loops is None or not loops.units:
        return None
    entries = plan.words // loops.pitch
    wide = source.lanes == plan.lanes
    writes = places(plan.write) >> (0 if wide else plan.bank_bits)
    read = [a if a.increment else Axis(trip=min(2, at_bounds(a)), increment=0) for a in plan.read]
    reads = places(read) >> (0 if target.lanes == plan.lanes else plan.bank_bits)
    inside = len(writes) // entries
    page_of = np.zeros(plan.words, dtype=np.int64)
    page_of[writes] = np.arange(len(writes)) // inside
    when = np.zeros(plan.words, dtype=np.int64)
    when[writes] = np.arange(len(writes)) // inside  # pages begun before, when a word is complete
    last = np.zeros(entries, dtype=np.int64)
    last[page_of[reads]] = np.arange(len(reads))
    ended = np.cumsum(np.bincount(last, minlength=len(reads)))
    done = np.concatenate(([0], ended[:-1]))
    alive = int((np.maximum.accumulate(when[reads]) + 1 - done).max())
    spare = -(-(1 + queue_latency(alive + 3)) // inside)
    pages = min(entries, alive + spare)
    return PagePlan(loops=loops, pages=pages, pitch=loops.pitch, entries=entries)
