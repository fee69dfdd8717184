# SPDX-License-Identifier: Apache-2.0
"""SDR SDRAM behind a plain controller: an analytic model, and a simulated one in ``sdram.h``."""

from dataclasses import dataclass
from pathlib import Path

from streamhw.boards.memory.cpp_channel import CppChannel
from streamhw.boards.memory.port import MemoryPort
from streamhw.boards.memory.times import MemoryTimes

HEADER = Path(__file__).with_name("sdram.h")


@dataclass(frozen=True, kw_only=True)
class Sdram:
    """A chip of 256 Mbit on 16 bits; nanoseconds, typical of grade PC133.

    The controller serves one burst after the other, writes first, and opens rows when it needs
    them. It is as simple as fits a small FPGA.
    """

    name: str = "sdram"
    clock_mhz: float = 50.0
    bus_bytes: int = 2
    row_bytes: int = 1024
    banks: int = 4
    t_rcd: float = 20.0  # a row is opened
    t_rp: float = 20.0  # a row is closed
    t_wr: float = 30.0  # from a write to closing its row
    t_rfc: float = 66.0  # a refresh of all banks
    t_refi: float = 7800.0  # from one refresh to the next

    @property
    def bandwidth(self) -> float:
        """GB/s, bytes a nanosecond, without rows and refresh."""
        return self.bus_bytes * self.clock_mhz / 1e3

    @property
    def switch(self) -> float:
        """Closing a row and opening another."""
        return self.t_rp + self.t_rcd

    @property
    def pause(self) -> float:
        """A refresh: all rows are closed, and one must be opened again."""
        return self.t_rfc + self.switch

    def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
        """For the performance model: what rows and refreshes leave of long reads, and a write
        among them, which needs a row of its own, and the read's row again."""
        cycle = clock_mhz / 1e3
        row = self.row_bytes / self.bandwidth
        share = row / (row + self.switch) * (1 - self.pause / self.t_refi)
        return MemoryTimes(
            rate=min(port.beats_per_cycle, self.bandwidth / cycle / (port.width // 8)) * share,
            pause=self.pause**2 / (2 * self.t_refi) * cycle,
            write_turn=(2 * self.switch + self.t_wr) * cycle,
        )

    def channel(self, port: MemoryPort, clock_mhz: float) -> CppChannel:
        """For the simulator: the same numbers in picoseconds, and the latencies of the port."""
        beat = port.width / 8 / self.bandwidth
        times = {
            "beat": beat,
            "path": max(0.0, port.latency * 1e3 / clock_mhz - self.t_rcd - beat),
            "answer": port.write_latency * 1e3 / clock_mhz,
            "t_rcd": self.t_rcd,
            "t_rp": self.t_rp,
            "t_wr": self.t_wr,
            "t_rfc": self.t_rfc,
            "t_refi": self.t_refi,
        }
        numbers = {name: round(time * 1e3) for name, time in times.items()}
        return CppChannel.of(
            HEADER,
            "Sdram",
            bandwidth=self.bandwidth,
            numbers={**numbers, "row_bytes": self.row_bytes, "banks": self.banks},
        )


SDRAM = Sdram()
