# SPDX-License-Identifier: Apache-2.0
"""What the performance model believes of external memory."""

from dataclasses import dataclass

from ...number_checks import check_number

__all__ = ["MemoryTimes"]


@dataclass(frozen=True, kw_only=True)
class MemoryTimes:
    """What the performance model believes of the memory behind each port.

    rate: beats a cycle that long reads in sequence have
    pause: cycles by which a beat comes later than the latency of the port says, where all ports
        are read together (refreshes, say)
    write_wait: cycles that a write waits where reads are under way
    write_turn: cycles of a port that a write among reads takes besides its data
    """

    rate: float
    pause: float = 0.0
    write_wait: float = 0.0
    write_turn: float = 0.0

    def __post_init__(self) -> None:
        check_number("Rate of a memory", self.rate, most=1)
        for name in ("pause", "write_wait", "write_turn"):
            check_number(f"Memory {name}", getattr(self, name), zero=True)
