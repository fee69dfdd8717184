# SPDX-License-Identifier: Apache-2.0
"""Depths of queues by the content of a netlist: for sizing, and for stages that decide before."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from ..frozen_map import FrozenMap
from .fifo import Depths
from .ir.fused import Fused
from .ir.levels import Netlist
from .sizing.stage import sized

__all__ = ["provisional"]

KEPT = 4
"""Answers that are kept: fusion, its retries, partition and sizing ask for equal ones."""
NO_GROUPS = Fused(groups=(), cuts=(), bytes=0, bits=0, limit=0, method="", gap=0.0)
"""Depths follow from parts and streams, whatever fusion says of the groups that these are in."""


def provisional(netlist: Netlist) -> tuple[Mapping[str, int], Depths]:
    """The depths that ``sized`` chooses for the queues of a closed netlist, and its proofs.

    The same parts and streams give the same answer without computing it again.
    """
    return _sized(replace(netlist.to(Netlist), fused=NO_GROUPS))


@lru_cache(maxsize=KEPT)
def _sized(netlist: Netlist) -> tuple[Mapping[str, int], Depths]:
    queues, depths = sized(netlist)
    return FrozenMap(queues), depths
