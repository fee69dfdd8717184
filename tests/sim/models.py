# SPDX-License-Identifier: Apache-2.0
"""Memory models of tests: numbers of the channel and of the port in one call."""

from typing import Any

from streamhw.boards.memory.constant import ConstantChannel
from streamhw.boards.memory.hbm2 import Hbm2
from streamhw.sim.memory_model import MemoryModel

__all__ = ["constant", "hbm2"]

PORT = ("clock_mhz", "outstanding", "stalls")


def hbm2(**numbers: Any) -> MemoryModel:
    """A pseudo-channel of HBM2."""
    port = {name: numbers.pop(name) for name in PORT if name in numbers}
    return MemoryModel(channel=Hbm2(**numbers), kind="hbm2", **port)


def constant(**numbers: Any) -> MemoryModel:
    """A memory of constant latency and bandwidth."""
    port = {name: numbers.pop(name) for name in PORT if name in numbers}
    return MemoryModel(channel=ConstantChannel(**numbers), **port)
