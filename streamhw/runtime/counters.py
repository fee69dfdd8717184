# SPDX-License-Identifier: Apache-2.0
"""The counters of an accelerator, read through its registers: one stream, all memory ports."""

from dataclasses import dataclass

from ..stream.axi import register_map as registers
from .device import Device

__all__ = ["PortBeats", "StreamCount", "observe", "observed", "port_beats"]

WORD = 1 << 32


@dataclass(frozen=True, kw_only=True)
class StreamCount:
    """Busy cycles of the last answer: in which a stream moved a beat, had one and no room for it,
    and had room and none."""

    transfers: int
    blocked: int
    starved: int


@dataclass(frozen=True, kw_only=True)
class PortBeats:
    """Beats that passed a memory port since reset, modulo ``1 << registers.COUNTER_BITS``."""

    read: int
    written: int

    def since(self, earlier: "PortBeats") -> "PortBeats":
        """Those after an earlier look, less than a whole round of the counters ago."""
        end = 1 << registers.COUNTER_BITS
        return PortBeats(
            read=(self.read - earlier.read) % end, written=(self.written - earlier.written) % end
        )


def observe(device: Device, stream: str) -> None:
    """Chooses the stream that is counted in the next answer.

    Raises ``ValueError`` if the design has no such stream.
    """
    names = [each.name for each in device.manifest.streams]
    if stream not in names:
        raise ValueError(f"Stream must be one of the manifest, not {stream!r}")
    device.write32(registers.OBSERVED, names.index(stream))


def observed(device: Device) -> StreamCount:
    """What the stream of ``observe`` did in the last answer, once the device is idle."""
    places = registers.TRANSFERS, registers.BLOCKED, registers.STARVED
    transfers, blocked, starved = (_counter(device, place) for place in places)
    return StreamCount(transfers=transfers, blocked=blocked, starved=starved)


def port_beats(device: Device) -> dict[str, PortBeats]:
    """The beats of every memory port, by its name in the manifest."""
    span = registers.COUNTER_SPAN
    found = {}
    for number, port in enumerate(device.manifest.ports):
        at = registers.PORT_BEATS + 2 * span * number
        found[port.name] = PortBeats(read=_counter(device, at), written=_counter(device, at + span))
    return found


def _counter(device: Device, address: int) -> int:
    low = device.read32(address)  # freezes the high word
    return device.read32(address + 4) * WORD + low
