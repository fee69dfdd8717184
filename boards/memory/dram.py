# SPDX-License-Identifier: Apache-2.0
"""Dynamic memory behind a port: rows, banks, refresh, and what they leave of the bandwidth."""

from dataclasses import dataclass, replace
from typing import Self

from ...number_checks import check_number, check_text, check_whole
from .port import MemoryPort
from .times import MemoryTimes

__all__ = ["Dram"]


@dataclass(frozen=True, kw_only=True)
class Dram:
    """A channel with its controller behind each port; times are nanoseconds.

    Accesses of either direction are served in their order, and rows are opened ahead of them;
    accesses of one direction are served in groups, since turning the bus costs time.

    Raises ``ValueError`` if a number cannot be, or a size is no power of two above 1.
    """

    name: str
    bandwidth: float  # GB/s
    latency: float  # of a read from an open row
    write_latency: float  # from a write's last access to its response
    t_rcd: float  # a row is opened
    t_rp: float  # a row is closed
    t_ras: float  # a row is open at least
    t_rtp: float  # from a read to closing the row
    t_wtp: float  # from a write to closing the row
    t_rrd: float  # from opening a row to the next
    t_faw: float  # from opening a row to the fourth next
    t_rtw: float  # from a read to a write
    t_wtr: float  # from a write to a read
    t_rfc: float  # a refresh of all banks
    t_refi: float  # from one refresh to the next
    access_bytes: int  # of a burst of the controller
    row_bytes: int
    banks: int
    lookahead: int  # accesses in which the controller looks for rows to open
    group: int  # accesses of one direction while the other waits

    def __post_init__(self) -> None:
        check_text("Name of a DRAM", self.name)
        for name in ("bandwidth", "t_refi"):
            check_number(f"DRAM {name}", getattr(self, name))
        for name in (
            "latency", "write_latency", "t_rcd", "t_rp", "t_ras", "t_rtp", "t_wtp", "t_rrd",
            "t_faw", "t_rtw", "t_wtr", "t_rfc",
        ):  # fmt: skip
            check_number(f"DRAM {name}", getattr(self, name), zero=True)
        for name in ("lookahead", "group"):
            check_whole(f"DRAM {name}", getattr(self, name), least=1)
        for name in ("access_bytes", "row_bytes", "banks"):
            value = getattr(self, name)
            check_whole(f"DRAM {name}", value, least=2)
            if value & (value - 1):
                raise ValueError(f"DRAM {name} must be a power of two above 1, not {value}")
        if self.row_bytes < self.access_bytes:
            raise ValueError(
                f"DRAM row must have at least the {self.access_bytes} bytes of an access, "
                f"not {self.row_bytes}"
            )
        if self.pause >= self.t_refi:
            raise ValueError(
                f"DRAM t_refi must be longer than the {self.pause:g} ns of a refresh, not "
                f"{self.t_refi:g}"
            )

    @property
    def pause(self) -> float:
        """For how long a refresh stops reads in sequence: rows are closed after the last access,
        all banks refreshed, a row opened. Other rows are opened ahead, and cost nothing."""
        access = self.access_bytes / self.bandwidth
        return max(0.0, self.t_rtp - access) + self.t_rp + self.t_rfc + self.t_rcd

    @property
    def sustained(self) -> float:
        """Share of the bandwidth that reads in sequence have, as refreshes leave it."""
        return 1 - self.pause / self.t_refi

    def wait(self, channels: int) -> float:
        """By how much an access to all of so many channels, whose refreshes take turns, is later
        than to one that does not refresh: until the last of them is done, if one begins before
        another ends; else the mean over the times at which it may come."""
        return min(self.pause, self.pause**2 * channels / (2 * self.t_refi))

    @property
    def ahead(self) -> float:
        """For how long a write waits for reads that the controller has planned, if there are."""
        return self.lookahead * self.access_bytes / self.bandwidth

    @property
    def turn(self) -> float:
        """What a write among reads takes besides its data: the bus turns twice."""
        return self.t_rtw + self.t_wtr

    def peak(self, beat_bytes: int, clock_mhz: float) -> float:
        """Bytes a cycle of a port at best."""
        return min(self.bandwidth * 1e3 / clock_mhz, beat_bytes)

    def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
        """The performance model's view, from the same numbers that the simulator has."""
        best = self.bandwidth * 1e3 / clock_mhz / (port.width // 8)
        return MemoryTimes(
            rate=min(port.beats_per_cycle, best) * self.sustained,
            pause=self.wait(ports) * clock_mhz / 1e3,
            write_wait=self.ahead * clock_mhz / 1e3,
            write_turn=self.turn * clock_mhz / 1e3,
        )

    def channel(self, port: MemoryPort, clock_mhz: float) -> Self:
        """The simulator's channel: what is between the port and the memory takes its time, too."""
        return replace(self, latency=max(self.latency, port.latency * 1e3 / clock_mhz))
