# SPDX-License-Identifier: Apache-2.0
"""A simulated board as hosts see a real one: the other end of a serial line, with its faults."""

import ctypes
from dataclasses import dataclass
from random import Random
from typing import Self

from ...bitstream.board_core import parts_of
from ...number_checks import check_number
from ..sdram import SdramRuleError
from .library import CompiledBoard
from .native import BoardNumbers, ChipRules, Until, load_library

__all__ = ["BoardLamps", "LineNoise", "VirtualBoard"]

RESET_CYCLES = 16
FOREVER = 1 << 40
ROOM = 4096
"""Bytes that are taken from the board at once."""


@dataclass(frozen=True, kw_only=True)
class LineNoise:
    """Shares of the bytes, in both directions, that are lost or have a wrong bit."""

    lost: float = 0.0
    flipped: float = 0.0

    def __post_init__(self) -> None:
        check_number("Share of lost bytes", self.lost, zero=True, most=1)
        check_number("Share of flipped bytes", self.flipped, zero=True, most=1)


@dataclass(frozen=True, kw_only=True)
class BoardLamps:
    """The lamps of a board, as ``BoardCore`` names them."""

    ready: bool
    failed: bool
    busy: bool
    done: bool


class VirtualBoard:
    """A board from power-up on; a ``Transport``. Time passes only in its methods.

    compiled: by ``compile_board``; noise: of the line; seed: of the noise

    ``write`` comes back when all was on the line, and raises ``ConnectionError`` once the host is
    dead; ``read`` waits for ``timeout`` seconds of simulated time. Whatever lets time pass raises
    ``SdramRuleError`` if the memory chip is told what its data sheet does not allow.

    Members
    -------
    noise: may be changed at any time
    alive: bytes that the host still sends before it dies; ``None``: it lives
    reset_in: cycles until the board is reset, counted while it runs; ``None``: it is not
    """

    def __init__(
        self, compiled: CompiledBoard, *, noise: LineNoise = LineNoise(), seed: int | str = 0
    ):
        board, parts = compiled.board, parts_of(compiled.board)
        fast = board.clock_mhz * parts.clock_ratio
        self.noise = noise
        self.alive: int | None = None
        self.reset_in: int | None = None
        self._random = Random(seed)
        self._ratio, self._hertz = parts.clock_ratio, board.clock_mhz * 1e6
        self._bytes = parts.sdram.bytes
        self._native = load_library(compiled.library)
        self._board: int | None = self._native.board_create(
            BoardNumbers(
                ratio=parts.clock_ratio,
                read_delay=parts.read_delay,
                reset=RESET_CYCLES,
                bit=fast * 1e6 / parts.baud,
                rules=ChipRules.of(parts.sdram, fast),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.destroy()

    def destroy(self) -> None:
        """Ends the simulation; nothing else may follow."""
        if self._board is not None:
            self._native.board_destroy(self._board)
            self._board = None

    @property
    def cycles(self) -> int:
        """Of the design's clock, since power-up."""
        return int(self._native.board_cycles(self._board))

    @property
    def lamps(self) -> BoardLamps:
        names = ("ready", "failed", "busy", "done")
        lamps = self._native.board_lamps(self._board)
        return BoardLamps(**{name: bool(lamps >> at & 1) for at, name in enumerate(names)})

    @property
    def lost(self) -> int:
        """Frames and bytes from the host that the board did not understand."""
        return int(self._native.board_lost(self._board))

    def seconds(self) -> float:
        """Simulated, since power-up: a clock for ``SerialDevice``."""
        return self.cycles / self._hertz

    def write(self, data: bytes) -> None:
        dies = False
        if self.alive is not None:
            dies = len(data) > self.alive
            data = data[: self.alive]
            self.alive -= len(data)
        sent = b"".join(map(self._passed, data))
        self._native.board_send(self._board, sent, len(sent))
        while sent and not self._run(FOREVER, Until.SENT):
            pass
        if dies:
            raise ConnectionError("the host died")

    def read(self, timeout: float) -> bytes:
        end = self.cycles + round(timeout * self._hertz)
        buffer = ctypes.create_string_buffer(ROOM)
        while True:
            count = self._native.board_receive(self._board, buffer, ROOM)
            found = b"".join(self._passed(byte) for byte in buffer.raw[:count])
            if found or self.cycles >= end:
                return found
            self._run(end - self.cycles, Until.BYTE)

    def close(self) -> None:
        """The line stays: another host may open it."""

    def run(self, cycles: int) -> None:
        """Lets time pass."""
        end = self.cycles + cycles
        while self.cycles < end:
            self._run(end - self.cycles, Until.TIME)

    def run_test(self, most: int = 1 << 32) -> bool:
        """Lets time pass until the memory is tested; whether it was within so many cycles."""
        end = self.cycles + most
        while self.cycles < end:
            if self._run(end - self.cycles, Until.TESTED):
                return True
        return False

    def reset(self) -> None:
        """Resets all of the FPGA; memory keeps its content, as far as the test spares it."""
        self._native.board_reset(self._board)

    def stick(self, bits: int, level: int) -> None:
        """Breaks data pins of the memory: these bits always read as those of ``level``."""
        self._native.board_stick(self._board, bits, level)

    def read_memory(self, address: int, size: int) -> bytes:
        """What the chip holds, in no time; ``ValueError`` beyond it or for odd numbers."""
        return self._memory(address, bytes(size), write=False)

    def write_memory(self, address: int, data: bytes) -> None:
        """Changes what the chip holds, in no time; ``ValueError`` as of ``read_memory``."""
        self._memory(address, data, write=True)

    def _memory(self, address: int, data: bytes, *, write: bool) -> bytes:
        if address % 2 or len(data) % 2 or not 0 <= address <= self._bytes - len(data):
            raise ValueError(
                f"Memory range must be even and within {self._bytes:#x} bytes, not {len(data)} "
                f"bytes at {address:#x}"
            )
        buffer = ctypes.create_string_buffer(data, len(data))
        self._native.board_memory(self._board, address, buffer, len(data), write)
        return buffer.raw

    def _passed(self, byte: int) -> bytes:
        """What arrives at the other end."""
        if self._random.random() < self.noise.lost:
            return b""
        if self._random.random() < self.noise.flipped:
            byte ^= 1 << self._random.randrange(8)
        return bytes([byte])

    def _run(self, cycles: int, until: Until) -> bool:
        """Whether that came, within so many cycles or until a reset."""
        if self.reset_in is not None:
            cycles = min(cycles, self.reset_in)
        before = self.cycles
        found = self._native.board_run(self._board, cycles * self._ratio, until)
        if found < 0:
            raise SdramRuleError(self._native.board_fault(self._board).decode())
        if self.reset_in is not None:
            self.reset_in -= self.cycles - before
            if self.reset_in <= 0:
                self.reset_in = None
                self.reset()
        return bool(found)
