# SPDX-License-Identifier: Apache-2.0
"""The driver's side of the counters: addresses, pairs of words, rounds of the counters.

That they count what they should is tested in ``tests/e2e/test_counters.py``.
"""

from dataclasses import replace

import pytest

from streamhw.runtime.counters import PortBeats, StreamCount, observe, observed, port_beats
from streamhw.runtime.manifest import ManifestPort, ManifestStream
from streamhw.runtime.serial.device import SerialDevice
from streamhw.runtime.serial.link import SerialLink
from streamhw.stream.axi import register_map as registers
from tests.runtime.serial.scripted_link import ScriptedLink
from tests.runtime.serial.test_device import MANIFEST

PORT = ManifestPort(name="a", data_width=64, address_width=40, id_width=4)
STREAM = ManifestStream(name="one", payload="p", valid="v", ready="r", width=8)
WHOLE = replace(
    MANIFEST,
    ports=(PORT, replace(PORT, name="b", data_width=128)),
    streams=(STREAM, replace(STREAM, name="two")),
)


def opened() -> tuple[ScriptedLink, SerialDevice]:
    board = ScriptedLink()
    for number in range(registers.counters(len(WHOLE.ports))):
        place(board, number, number << 33 | number)
    return board, SerialDevice(WHOLE, SerialLink(board))


def place(board: ScriptedLink, number: int, value: int) -> None:
    at = registers.COUNTERS + registers.COUNTER_SPAN * number
    board.registers[at], board.registers[at + 4] = value & 0xFFFFFFFF, value >> 32


def test_streams() -> None:
    board, device = opened()
    observe(device, "two")
    assert board.registers[registers.OBSERVED] == 1
    assert observed(device) == StreamCount(transfers=0, blocked=1 << 33 | 1, starved=2 << 33 | 2)
    with pytest.raises(ValueError, match=r"^Stream must be one of the manifest, not 'three'$"):
        observe(device, "three")


def test_ports() -> None:
    _, device = opened()
    a, b = (
        PortBeats(read=3 << 33 | 3, written=4 << 33 | 4),
        PortBeats(read=5 << 33 | 5, written=6 << 33 | 6),
    )
    assert port_beats(device) == {"a": a, "b": b}
