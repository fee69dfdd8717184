# SPDX-License-Identifier: Apache-2.0
"""HyperRAM: a memory system of its own kind, in an analytic and a simulated form."""

from dataclasses import dataclass
from fractions import Fraction

from streamhw.boards.memory.constant import ConstantChannel
from streamhw.boards.memory.port import MemoryPort
from streamhw.boards.memory.times import MemoryTimes


@dataclass(frozen=True, kw_only=True)
class HyperRam:
    """Eight bits at double data rate; every burst pays for its command and the access time.

    bus_mhz: clock of the bus; access: its cycles from command to data, refresh included
    burst: bytes of the controller's bursts
    """

    name: str = "hyperram"
    bus_mhz: float = 100.0
    access: int = 15
    burst: int = 256

    def bytes_per_us(self) -> float:
        """What bursts in sequence carry: two bytes in each cycle that is not spent on access."""
        data = self.burst / 2
        return 2 * self.bus_mhz * data / (data + self.access)

    def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
        """For the performance model: rate alone, since nothing stops a sequence of bursts."""
        best = self.bytes_per_us() / clock_mhz / (port.width // 8)
        return MemoryTimes(rate=min(best, port.beats_per_cycle))

    def channel(self, port: MemoryPort, clock_mhz: float) -> ConstantChannel:
        """For the simulator: the same rate, and the access time if the port states less."""
        rate = self.times(port, 1, clock_mhz).rate
        return ConstantChannel(
            latency=max(port.latency, round(self.access * clock_mhz / self.bus_mhz)),
            write_latency=port.write_latency,
            bandwidth=Fraction(rate).limit_denominator(64),
        )


HYPERRAM = HyperRam()
