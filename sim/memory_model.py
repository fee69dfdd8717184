# SPDX-License-Identifier: Apache-2.0
"""How simulated external memory behaves: the channel of a memory system, and random stalls."""

from dataclasses import dataclass, field

from ..boards.base import Board
from ..boards.memory.constant import ConstantChannel
from ..boards.memory.cpp_channel import CppChannel
from ..boards.memory.system import Channel, MemorySystem
from .channel_library import channel_library
from .library import ChannelPort, CppConfig, DramConfig, IdealConfig, PortConfig

__all__ = ["MemoryModel", "Stalls"]

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
class MemoryModel:
    """What is behind every port of a simulated design.

    channel: of a memory system; clock_mhz: of the design
    outstanding: bursts accepted ahead, in each direction
    kind: the name of the memory system, for reports
    """

    channel: Channel = field(default_factory=ConstantChannel)
    clock_mhz: float = 250.0
    outstanding: int = 64
    stalls: Stalls = Stalls()
    kind: str = "ideal"

    def __post_init__(self) -> None:
        if self.outstanding < 1:
            raise ValueError(f"Outstanding bursts must be at least 1, not {self.outstanding}")
        if self.clock_mhz <= 0:
            raise ValueError(f"Clock must be above 0, not {self.clock_mhz} MHz")

    @classmethod
    def of(
        cls,
        board: Board,
        system: MemorySystem | None = None,
        *,
        stalls: float = 0.0,
        seed: int = 0,
    ) -> "MemoryModel":
        """For a board's ports, with random stalls on every channel if asked for.

        system: None: the board's own
        """
        system = system or board.memory
        return cls(
            channel=system.channel(board.ports[0], board.clock_mhz),
            clock_mhz=board.clock_mhz,
            stalls=Stalls.everywhere(stalls, seed=seed) if stalls else Stalls(),
            kind=system.name,
        )

    def port_config(self, port: int) -> PortConfig:
        """For the port of that index; each has stalls of its own."""
        s = self.stalls
        return PortConfig(
            outstanding=self.outstanding,
            stall_length=s.length,
            stalls=tuple(getattr(s, channel) for channel in CHANNELS),
            seed=(s.seed << 16) + port,
        )

    def memory_config(
        self, port: int, ports: int, beat_bytes: int
    ) -> IdealConfig | DramConfig | CppConfig:
        """For the memory behind a port; refreshes of the ports take turns.

        Raises ``ToolError`` if the channel of a package does not compile.
        """
        channel = self.channel
        if isinstance(channel, CppChannel):
            return CppConfig(
                library=channel_library(channel),
                numbers=tuple(channel.numbers.values()),
                port=ChannelPort(
                    port=port,
                    ports=ports,
                    beat_bytes=beat_bytes,
                    period=round(1e6 / self.clock_mhz),
                ),
            )
        if isinstance(channel, ConstantChannel):
            return IdealConfig(
                latency=channel.latency,
                write_latency=channel.write_latency,
                beats=channel.bandwidth.numerator,
                cycles=channel.bandwidth.denominator,
            )
        times = ("t_rcd", "t_rp", "t_ras", "t_rtp", "t_wtp", "t_rrd", "t_faw", "t_rtw", "t_wtr",
                 "t_rfc", "t_refi", "write_latency")  # fmt: skip
        counts = ("access_bytes", "row_bytes", "banks", "lookahead", "group")
        return DramConfig(
            period=round(1e6 / self.clock_mhz),
            t_ccd=round(channel.access_bytes / channel.bandwidth * 1e3),
            read_latency=round(channel.latency * 1e3),
            phase=round(channel.t_refi * (port + 1) / ports * 1e3),
            beat_bytes=beat_bytes,
            **{name: round(getattr(channel, name) * 1e3) for name in times},
            **{name: getattr(channel, name) for name in counts},
        )

    def peak(self, beat_bytes: int) -> float:
        """Bytes a cycle of a port at best."""
        return self.channel.peak(beat_bytes, self.clock_mhz)
