# SPDX-License-Identifier: Apache-2.0
"""The other end of a link in Python: registers and memory in dictionaries, faults when asked for.

It knows requests by the layouts of docs/host-link.md alone.
"""

import struct
import zlib
from collections import deque
from collections.abc import Callable

from streamhw.runtime.serial.framing import FrameReader, frame

__all__ = ["ScriptedLink"]


class ScriptedLink:
    """A ``Transport`` whose requests are executed at once.

    faults: of the next requests: ``unheard``, their answers ``lost``, ``flipped`` or behind
        ``noise``, or a status that is answered
    executed: opcodes in order, without repeats
    line: bytes on their way to the host; answer: the latest one
    before_read: called before each read of a register
    """

    def __init__(self, size: int = 1 << 16):
        self.memory = bytearray(size)
        self.registers: dict[int, int] = {}
        self.faults: deque[str | int] = deque()
        self.executed: list[int] = []
        self.opened = self.closed = False
        self.version = 1
        self.before_read: Callable[[int], None] = lambda address: None
        self._reader = FrameReader()
        self._kept: tuple[bytes, bytes] = b"", b""
        self.line = bytearray()
        self.answer = b""

    def write(self, data: bytes) -> None:
        for content in self._reader.take(data):
            fault = self.faults.popleft() if self.faults else ""
            if fault == "unheard":
                continue
            opcode, number = struct.unpack_from("<BH", content)
            if content != self._kept[0]:
                status, fields = (fault, b"") if isinstance(fault, int) else self._done(content)
                answer = struct.pack("<BHB", opcode | 0x80, number, status) + fields
                self._kept = content, answer
            self.answer = self._kept[1]
            code = bytearray(frame(self._kept[1]))
            if fault == "flipped":
                code[4] ^= 0x10
            if fault == "noise":
                self.line += bytes(range(1, 40)) + b"\0\3"
            if fault != "lost":
                self.line += code

    def read(self, timeout: float) -> bytes:
        found = bytes(self.line[:5])
        del self.line[:5]
        return found

    def close(self) -> None:
        self.closed = True

    def restart(self) -> None:
        """As after a reset of the hardware."""
        self.opened, self._kept = False, (b"", b"")

    def _done(self, content: bytes) -> tuple[int, bytes]:
        opcode, body = content[0], content[3:]
        if opcode != 1 and not self.opened:
            return 4, b""
        self.executed.append(opcode)
        if opcode == 1:
            self.opened = True
            return 0, struct.pack("<BIHIB", self.version, 0xB01D, 256, 1 << 20, 40)
        if opcode == 2:
            (address,) = struct.unpack("<I", body)
            self.before_read(address)
            return 0, struct.pack("<I", self.registers.get(address, 0))
        if opcode == 3:
            address, value = struct.unpack("<II", body)
            self.registers[address] = value
        elif opcode == 5:
            (address,) = struct.unpack_from("<Q", body)
            self.memory[address : address + len(body) - 8] = body[8:]
        elif opcode in (4, 6):
            address, size = struct.unpack("<QH" if opcode == 4 else "<QI", body)
            part = bytes(self.memory[address : address + size])
            return 0, part if opcode == 4 else struct.pack("<I", zlib.crc32(part))
        return 0, b""
