# SPDX-License-Identifier: Apache-2.0
"""What a host in real time learns of a design from its registers: progress, and traffic."""

from collections.abc import Callable, Mapping

from ..errors import InternalError
from ..stream.axi import register_map as registers
from .counters import PortBeats, port_beats
from .device import Device, Progress, Traffic

__all__ = ["TrafficMeter", "poll"]


def poll(device: Device, count: int, *, patience: float, clock: Callable[[], float]) -> Progress:
    """What ``Device.wait`` gives, by looking again and again.

    patience: seconds in which something must come; clock: seconds, as ``time.monotonic``

    Raises ``InternalError`` if nothing does.
    """
    begin = clock()
    while True:
        status = device.read32(registers.STATUS)
        found = device.read32(registers.COUNT)
        done = bool(status & registers.STATUS_DONE)
        stopped = not done and not status & registers.STATUS_BUSY
        if found > count or done or stopped:
            low = device.read32(registers.CYCLES_LO)  # freezes the high word
            cycles = device.read32(registers.CYCLES_HI) << 32 | low
            return Progress(count=found, done=done, stopped=stopped, cycles=cycles)
        if clock() - begin > patience:
            raise InternalError(
                f"Design has no token after {patience:g} s with {found} tokens in the window"
            )


class TrafficMeter:
    """Bytes at the memory ports of a device since the first look at its counters."""

    def __init__(self, device: Device):
        self._device = device
        self._first: dict[str, PortBeats] | None = None

    def read(self) -> Mapping[str, Traffic]:
        """By the names of the ports."""
        found = port_beats(self._device)
        self._first = self._first or found
        beat = {port.name: port.data_width // 8 for port in self._device.manifest.ports}
        passed = {name: beats.since(self._first[name]) for name, beats in found.items()}
        return {
            name: Traffic(
                read_bytes=beats.read * beat[name], write_bytes=beats.written * beat[name]
            )
            for name, beats in passed.items()
        }
