# SPDX-License-Identifier: Apache-2.0
"""The ideal memory: exactly the latencies and the bandwidth that the board's ports state."""

import math
from dataclasses import dataclass
from fractions import Fraction

from .constant import ConstantChannel
from .port import MemoryPort
from .times import MemoryTimes

__all__ = ["IDEAL", "Ideal"]


@dataclass(frozen=True, kw_only=True)
class Ideal:
    """No refresh, no rows, no turning of a bus: what any real memory is measured against."""

    name: str = "ideal"

    def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
        return MemoryTimes(rate=port.beats_per_cycle)

    def channel(self, port: MemoryPort, clock_mhz: float) -> ConstantChannel:
        # A slow port has less than a beat in 64 cycles, and must not have none.
        rate = port.beats_per_cycle
        cycles = 64 if rate >= 1 / 64 else math.ceil(64 / rate)
        return ConstantChannel(
            latency=port.latency,
            write_latency=port.write_latency,
            bandwidth=Fraction(rate).limit_denominator(cycles),
        )


IDEAL = Ideal()
