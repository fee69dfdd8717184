# SPDX-License-Identifier: Apache-2.0
"""Lines of bytes to a board: what a link needs of one, and a serial port of this machine."""

from typing import Any, Protocol

from ...errors import UserError

__all__ = ["SerialPort", "Transport"]


class Transport(Protocol):
    """A line in both directions that may lose and change bytes.

    ``read`` returns what has come, as soon as there is any, and nothing after ``timeout`` seconds
    without a byte.
    """

    def write(self, data: bytes) -> None: ...

    def read(self, timeout: float) -> bytes: ...

    def close(self) -> None: ...


class SerialPort:
    """A serial port of the operating system, through pyserial; a ``Transport``.

    name: as the system has it, such as ``/dev/ttyUSB0`` or ``COM3``
    baud: bits a second, as of the board's ``UartLink``

    Raises ``UserError`` if pyserial is missing, or the port cannot be opened or is gone.
    """

    def __init__(self, name: str, *, baud: int):
        try:
            import serial
        except ImportError:
            raise UserError(
                "Serial ports need pyserial, and it is not installed",
                hint='Install it from the package index: pip install "streamhw[serial]"',
            ) from None
        self._name = name
        self._failures = (serial.SerialException, OSError)
        try:
            self._port: Any = serial.Serial(name, baud, exclusive=True)
        except (*self._failures, ValueError) as error:
            raise UserError(
                f"Serial port {name} must open with {baud} baud, but: {error}"
            ) from None

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except self._failures as error:
            raise UserError(f"Serial port {self._name} must stay open, but: {error}") from None

    def read(self, timeout: float) -> bytes:
        try:
            self._port.timeout = timeout
            first: bytes = self._port.read(1)
            rest: bytes = self._port.read(self._port.in_waiting) if first else b""
        except self._failures as error:
            raise UserError(f"Serial port {self._name} must stay open, but: {error}") from None
        return first + rest

    def close(self) -> None:
        self._port.close()
