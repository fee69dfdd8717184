# SPDX-License-Identifier: Apache-2.0
"""A memory system as what it said of one board: plain data, whatever class it was of."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar, get_type_hints

from ...errors import InternalError, UserError
from .constant import ConstantChannel
from .cpp_channel import CppChannel
from .dram import Dram
from .hbm2 import Hbm2
from .ideal import Ideal
from .port import MemoryPort
from .sdram import SdramMemory
from .system import Channel, MemorySystem
from .times import MemoryTimes

__all__ = ["RecordedMemory", "recorded"]

A = TypeVar("A", MemoryTimes, ConstantChannel, Dram, CppChannel)


@dataclass(frozen=True, kw_only=True)
class RecordedMemory:
    """The answers of a memory system for alike ports of a design.

    port, ports, clock_mhz: what it was asked for; expected, behind: its answers
    """

    name: str
    port: MemoryPort
    ports: int
    clock_mhz: float
    expected: MemoryTimes
    behind: Channel

    def times(self, port: MemoryPort, ports: int, clock_mhz: float) -> MemoryTimes:
        self._check(port, clock_mhz, ports)
        return self.expected

    def channel(self, port: MemoryPort, clock_mhz: float) -> Channel:
        self._check(port, clock_mhz, self.ports)
        return self.behind

    def _check(self, port: MemoryPort, clock_mhz: float, ports: int) -> None:
        if (port, clock_mhz, ports) != (self.port, self.clock_mhz, self.ports):
            raise InternalError(
                f"Memory {self.name} must be asked for {self.ports} ports like {self.port.name} at "
                f"{self.clock_mhz:g} MHz, not for {ports} like {port.name} at {clock_mhz:g} MHz"
            )


def recorded(memory: MemorySystem, port: MemoryPort, ports: int, clock_mhz: float) -> MemorySystem:
    """A memory system of streamhw as it is; of another, its answers.

    Raises ``UserError`` if it fails, or its answers are not of the kinds that the performance model
    and the simulator know.
    """
    if type(memory) in (Ideal, Hbm2, SdramMemory, RecordedMemory):
        return memory
    name = str(memory.name)
    try:
        return _recorded(memory, name, port, ports, clock_mhz)
    except UserError:
        raise
    except Exception as error:  # whatever a class of somebody else raises, or says
        raise UserError(
            f"Memory {name} must answer for port {port.name}, but: {type(error).__name__}: {error}"
        ) from error


def _recorded(
    memory: MemorySystem, name: str, port: MemoryPort, ports: int, clock_mhz: float
) -> RecordedMemory:
    times, channel = memory.times(port, ports, clock_mhz), memory.channel(port, clock_mhz)
    if not isinstance(times, MemoryTimes):
        raise UserError(f"Times of memory {name} must be MemoryTimes, not {times!r}")
    behind: Channel
    match channel:
        case ConstantChannel():
            behind = _plain(ConstantChannel, channel)
        case Dram():
            behind = _plain(Dram, channel)
        case CppChannel():
            behind = _plain(CppChannel, channel)
        case _:
            raise UserError(
                f"Channel of memory {name} must be a ConstantChannel, a Dram or a CppChannel, "
                f"not {channel!r}"
            )
    return RecordedMemory(
        name=name,
        port=port,
        ports=ports,
        clock_mhz=clock_mhz,
        expected=_plain(MemoryTimes, times),
        behind=behind,
    )


def _plain(kind: type[A], value: Any) -> A:
    """The fields of ``kind`` alone, of the types that it declares."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return kind(**{name: hints[name](getattr(value, name)) for name in names})
