# SPDX-License-Identifier: Apache-2.0
"""The host's side of an abort, on a device of registers alone: what it writes, what it says."""

from collections.abc import Callable

import pytest

from streamhw.errors import DeviceError
from streamhw.runtime import recovery
from streamhw.runtime.recovery import fault_text, recover, settle
from streamhw.stream.axi import register_map as registers
from streamhw.stream.axi.register_map import MemoryFault
from tests.runtime.test_driver import Scripted

IDLE, BUSY, ERROR = registers.STATUS_IDLE, registers.STATUS_BUSY, registers.STATUS_ERROR
STUCK = registers.STATUS_STUCK


class Aborting(Scripted):
    """STATUS goes on by itself, and by what is written to CONTROL."""

    def __init__(self, *status: int, forgets: bool = True):
        super().__init__([])
        self.words[registers.WATCHDOG] = 77
        self.status, self.forgets = list(status), forgets

    def read32(self, address: int) -> int:
        if address == registers.STATUS:
            return self.status.pop(0) if len(self.status) > 1 else self.status[0]
        return super().read32(address)

    def write32(self, address: int, value: int) -> None:
        super().write32(address, value)
        if value & registers.CONTROL_FORGET and self.forgets:
            self.status = [IDLE]

    @property
    def controls(self) -> list[int]:
        return [value for address, value in self.written if address == registers.CONTROL]


def test_an_abort_is_waited_for() -> None:
    device = Aborting(BUSY, BUSY, 0, 0, IDLE)
    recover(device)
    assert device.controls == [registers.CONTROL_ABORT]


def test_faults_are_cleared_when_nothing_is_busy() -> None:
    device = Aborting(BUSY | ERROR, ERROR, 0, IDLE)
    recover(device)
    assert device.controls == [registers.CONTROL_ABORT, registers.CONTROL_CLEAR]


def test_stuck_memory_is_told_or_forgotten() -> None:
    with pytest.raises(DeviceError, match=r"^Memory must answer all that it was asked bef") as e:
        recover(Aborting(BUSY, ERROR | STUCK))
    assert e.value.hint == recovery.RESET_HINT
    device = Aborting(BUSY, ERROR | STUCK)
    recover(device, forget=True)
    forget = registers.CONTROL_FORGET | registers.CONTROL_CLEAR
    assert device.controls == [registers.CONTROL_ABORT, forget]


def test_waits_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those for a device that never says anything."""
    monkeypatch.setattr(recovery, "LOOKS", 50)
    waits: list[Callable[[Aborting], None]] = [recover, settle]
    for wait in waits:
        with pytest.raises(DeviceError, match=r"^Memory must answer all that it was asked"):
            wait(Aborting(0))
    with pytest.raises(DeviceError, match=r"^Memory must answer all that it was asked"):
        settle(Aborting(0, 0, STUCK))


def test_a_start_waits_until_all_is_idle() -> None:
    device = Aborting(0, 0, 0, IDLE)
    settle(device)
    assert device.written == [] and device.status == [IDLE]
    device.words[registers.FAULT] = MemoryFault.SHORT
    device.status = [ERROR]
    with pytest.raises(DeviceError, match=r"^Memory must end each read") as e:
        settle(device)
    assert e.value.hint == recovery.RECOVER


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (MemoryFault.NONE, ""),
        (
            MemoryFault.SLVERR,
            "Memory must answer each read without an error, but port P gave SLVERR at 0x1240",
        ),
        (
            MemoryFault.DECERR | registers.FAULT_WRITE,
            "Memory must answer each write without an error, but port P gave DECERR at 0x1240",
        ),
        (
            MemoryFault.SHORT,
            "Memory must end each read at its last beat, but port P ended the one at 0x1240 before",
        ),
        (
            MemoryFault.LONG,
            "Memory must end each read at its last beat, but port P did not end the one at 0x1240",
        ),
        (
            MemoryFault.UNREQUESTED | registers.FAULT_WRITE,
            "Memory must answer each write once, but port P gave an answer that nobody asked for",
        ),
        (
            MemoryFault.TIMEOUT,
            "Memory must do something within 77 cycles, but port P left the read at 0x1240 without "
            "an answer",
        ),
    ],
)
def test_a_fault_in_a_sentence(fault: int, said: str) -> None:
    device = Aborting(ERROR)
    device.words[registers.FAULT] = fault
    assert fault_text(device) == said.replace("port P", f"port {device.manifest.ports[0].name}")
