# SPDX-License-Identifier: Apache-2.0
"""Serial ports: bytes through pyserial, and a sentence for each way in which one fails."""

import sys
from types import ModuleType
from typing import Any

import pytest

from streamhw.errors import UserError
from streamhw.runtime.serial.transport import SerialPort, Transport


class SerialException(OSError):  # noqa: N818
    """As pyserial's."""


class Port:
    """As ``serial.Serial``: what is written comes back."""

    def __init__(self, name: str, baud: int, *, exclusive: bool):
        if name != "good":
            raise SerialException("no such port")
        assert exclusive
        self.baud, self.timeout, self.closed, self.broken = baud, 0.0, False, False
        self.waiting = bytearray()

    def _check(self) -> None:
        if self.broken:
            raise SerialException("device disconnected")

    def write(self, data: bytes) -> None:
        self._check()
        self.waiting += data

    @property
    def in_waiting(self) -> int:
        return len(self.waiting)

    def read(self, size: int) -> bytes:
        self._check()
        found = bytes(self.waiting[:size])
        del self.waiting[:size]
        return found

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[Port]:
    """pyserial with a port named good; those that were opened."""
    opened: list[Port] = []
    module: Any = ModuleType("serial")

    def serial(*args: Any, **options: Any) -> Port:
        opened.append(Port(*args, **options))
        return opened[-1]

    module.Serial, module.SerialException = serial, SerialException
    monkeypatch.setitem(sys.modules, "serial", module)
    return opened


def test_bytes_pass(ports: list[Port]) -> None:
    port: Transport = SerialPort("good", baud=115_200)
    assert port.read(0.25) == b""
    port.write(b"abc")
    assert port.read(0.5) == b"abc"
    assert (ports[0].baud, ports[0].timeout) == (115_200, 0.5)
    port.close()
    assert ports[0].closed


def test_a_port_that_does_not_open(ports: list[Port]) -> None:
    told = r"^Serial port bad must open with 9600 baud, but: no such port$"
    with pytest.raises(UserError, match=told):
        SerialPort("bad", baud=9600)
    assert ports == []


def test_a_port_that_goes_away(ports: list[Port]) -> None:
    port = SerialPort("good", baud=9600)
    ports[0].broken = True
    told = r"^Serial port good must stay open, but: device disconnected$"
    with pytest.raises(UserError, match=told):
        port.write(b"a")
    with pytest.raises(UserError, match=told):
        port.read(0.1)


def test_pyserial_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(UserError, match="need pyserial") as caught:
        SerialPort("good", baud=9600)
    assert "streamhw[serial]" in (caught.value.hint or "")
