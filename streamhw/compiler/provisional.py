# SPDX-License-Identifier: Apache-2.0
"""Trial sizes: the FIFO depths that a netlist would have, for stages that decide before sizing."""

from dataclasses import replace
from functools import lru_cache

from .ir.levels import Grouped, Netlist
from .memory_access import with_control, with_memory
from .sizing.stage import sized

__all__ = ["provisional"]

KEPT = 4
"""Answers that are kept: fusion and its retries ask for equal ones."""


@lru_cache(maxsize=KEPT)
def provisional(grouped: Grouped) -> Netlist:
    """The netlist of grouped kernels on one die, with the depths that its streams would get.

    The same content gives the same answer without computing it again.
    """
    netlist = with_control(with_memory(grouped))
    channels, _ = sized(netlist)
    return replace(netlist, channels=channels)
