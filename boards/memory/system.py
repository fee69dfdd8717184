# SPDX-License-Identifier: Apache-2.0
"""What a memory system is: times for the performance model, and a channel for the simulator."""

from typing import Protocol, runtime_checkable

from .constant import ConstantChannel
from .cpp_channel import CppChannel
from .dram import Dram
from .port import MemoryPort
from .times import MemoryTimes

__all__ = ["Channel", "MemorySystem"]

Channel = ConstantChannel | Dram | CppChannel
"""What the simulator can put behind a port."""


@runtime_checkable
class MemorySystem(Protocol):
    """The memory behind the ports of a board; a frozen value, since a build's key has its text.

    A board has one in ``Board.memory``; a package offers one by name as an entry point of group
    ``streamhw.memory``. ``docs/extending.md`` adds one.
    """

    @property
    def name(self) -> str:
        """As ``--memory`` takes it and reports print it."""
        ...

    def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
        """The analytic model, for ``ports`` alike ports that are read together."""
        ...

    def channel(self, port: MemoryPort, clock_mhz: float) -> Channel:
        """What a simulation has behind each port; it must agree with ``times``."""
        ...
