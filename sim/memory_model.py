# SPDX-License-Identifier: Apache-2.0
"""How simulated external memory behaves: an ideal one, HBM2, and random stalls on either."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, TypeAlias

from ..boards.memory.hbm2 import Hbm2
from .library import HbmConfig, IdealConfig, PortConfig

__all__ = ["HbmModel", "Memory", "MemoryModel", "Stalls"]

CHANNELS = ("ar", "r", "aw", "w", "b")


@dataclass(frozen=True, kw_only=True)
class Stalls:
    """Share of cycles in which the memory holds a channel back at random, and for how long."""

    ar: float = 0.0
    r: float = 0.0
    aw: float = 0.0
    w: float = 0.0
    b: float = 0.0
    length: int = 1  # mean cycles of a stall
    seed: int = 0

    def __post_init__(self) -> None:
        for channel in CHANNELS:
            if not 0.0 <= (share := getattr(self, channel)) < 1.0:
                raise ValueError(f"Stalls of {channel} must be from 0 to below 1, not {share}")
        if self.length < 1:
            raise ValueError(f"Length of stalls must be at least 1, not {self.length}")

    @classmethod
    def everywhere(cls, share: float, *, seed: int, length: int = 1) -> "Stalls":
        """The same share on every channel."""
        return cls(**dict.fromkeys(CHANNELS, share), length=length, seed=seed)


@dataclass(frozen=True, kw_only=True)
class _Port:
    """What the ports of every memory have."""

    outstanding: int = 64  # bursts accepted ahead, in each direction
    stalls: Stalls = Stalls()

    def __post_init__(self) -> None:
        if self.outstanding < 1:
            raise ValueError(f"Outstanding bursts must be at least 1, not {self.outstanding}")

    def port_config(self, port: int) -> PortConfig:
        """For the port of that index; each has stalls of its own."""
        s = self.stalls
        return PortConfig(
            outstanding=self.outstanding,
            stall_length=s.length,
            stalls=tuple(getattr(s, channel) for channel in CHANNELS),
            seed=(s.seed << 16) + port,
        )


@dataclass(frozen=True, kw_only=True)
class MemoryModel(_Port):
    """An ideal memory: constant latency, and bandwidth that no access pattern lessens.

    bandwidth: beats a cycle, reads and writes together
    """

    kind: ClassVar[str] = "ideal"

    latency: int = 32  # cycles from a read address to its first beat
    write_latency: int = 16  # cycles from the last beat to the response
    bandwidth: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        _Port.__post_init__(self)
        if min(self.latency, self.write_latency) < 1:
            raise ValueError(
                "Latency and write latency must be at least 1, not "
                f"{self.latency}, {self.write_latency}"
            )
        if not 0 < self.bandwidth <= 1:
            raise ValueError(f"Bandwidth must be above 0 and at most 1, not {self.bandwidth}")

    def memory_config(self, port: int, ports: int, beat_bytes: int) -> IdealConfig:
        """For the memory behind a port."""
        return IdealConfig(
            latency=self.latency,
            write_latency=self.write_latency,
            beats=self.bandwidth.numerator,
            cycles=self.bandwidth.denominator,
        )

    def peak(self, beat_bytes: int) -> float:
        """Bytes a cycle of a port at best."""
        return float(self.bandwidth) * beat_bytes


@dataclass(frozen=True, kw_only=True)
class HbmModel(_Port, Hbm2):
    """A pseudo-channel of HBM2 behind each port; ``Hbm2`` says where its times are from."""

    kind: ClassVar[str] = "hbm2"

    clock_mhz: float = 250.0  # of the design

    def __post_init__(self) -> None:
        _Port.__post_init__(self)
        if min(self.clock_mhz, self.bandwidth) <= 0:
            raise ValueError(
                f"Clock and bandwidth must be above 0, not {self.clock_mhz} MHz and "
                f"{self.bandwidth} GB/s"
            )
        for name in ("access_bytes", "row_bytes", "banks"):
            if (value := getattr(self, name)) < 2 or value & (value - 1):
                raise ValueError(f"HBM {name} must be a power of two above 1, not {value}")
        if self.row_bytes < self.access_bytes:
            raise ValueError(
                f"HBM row must have at least the {self.access_bytes} bytes of an access, "
                f"not {self.row_bytes}"
            )

    def memory_config(self, port: int, ports: int, beat_bytes: int) -> HbmConfig:
        """For the pseudo-channel behind a port; refreshes of the ports take turns."""
        times = ("t_rcd", "t_rp", "t_ras", "t_rtp", "t_wtp", "t_rrd", "t_faw", "t_rtw", "t_wtr",
                 "t_rfc", "t_refi", "write_latency")  # fmt: skip
        counts = ("access_bytes", "row_bytes", "banks", "lookahead", "group")
        return HbmConfig(
            period=round(1e6 / self.clock_mhz),
            t_ccd=round(self.access_bytes / self.bandwidth * 1e3),
            read_latency=round(self.latency * 1e3),
            phase=round(self.t_refi * (port + 1) / ports * 1e3),
            beat_bytes=beat_bytes,
            **{name: round(getattr(self, name) * 1e3) for name in times},
            **{name: getattr(self, name) for name in counts},
        )

    def peak(self, beat_bytes: int) -> float:
        """Bytes a cycle of a port at best."""
        return min(self.bandwidth * 1e3 / self.clock_mhz, beat_bytes)


Memory: TypeAlias = MemoryModel | HbmModel
"""How the memory behind a port behaves."""
