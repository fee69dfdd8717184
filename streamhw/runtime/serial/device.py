# SPDX-License-Identifier: Apache-2.0
"""An accelerator on a board behind a serial link: loads its memory, and is driven as any other."""

import time
import zlib
from collections.abc import Callable, Mapping

from ...errors import DeviceError
from ...peripherals.host_link.protocol import BEAT
from ..device import Progress, Traffic
from ..manifest import Manifest
from ..polled import TrafficMeter, poll
from .link import SerialLink

__all__ = ["BLOCK", "SerialDevice"]

BLOCK = 4096
"""Bytes whose CRC is compared before they are sent."""


class SerialDevice:
    """A ``Device`` at the other end of a ``SerialLink``.

    manifest: of the design on the board
    link: to it
    base: byte address of the image in the board's memory, a multiple of 16
    patience: seconds without a new token after which ``wait`` gives up
    clock: seconds, as ``time.monotonic``

    Raises ``ValueError`` for a base that is no multiple of 16, or a patience that is not positive.
    """

    def __init__(
        self,
        manifest: Manifest,
        link: SerialLink,
        *,
        base: int = 0,
        patience: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        if base < 0 or base % BEAT:
            raise ValueError(f"SerialDevice base must be a multiple of {BEAT}, not {base:#x}")
        if patience <= 0:
            raise ValueError(f"SerialDevice patience must be above 0 s, not {patience:g}")
        self._manifest, self._link, self._base = manifest, link, base
        self._patience, self._clock = patience, clock
        self._traffic = TrafficMeter(self)

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    @property
    def base(self) -> int:
        return self._base

    def load(
        self, image: bytes, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> int:
        """Brings the image into memory; returns the bytes that had to be sent.

        Blocks that memory has already are not sent: so a load that was interrupted goes on.

        progress: called with the bytes that are done and all bytes, after each block

        Raises ``DeviceError`` if memory does not hold what was written, and ``ValueError`` if the
        image is larger than memory.
        """
        self._check_range(0, len(image))
        sent = 0
        for at in range(0, len(image), BLOCK):
            block = image[at : at + BLOCK]
            if len(block) % BEAT:
                block += self.read_memory(at + len(block), -len(block) % BEAT)
            if not self._holds(at, block):
                self._write(at, block)
                sent += len(block)
                if not self._holds(at, block):
                    raise DeviceError(
                        f"Memory must hold what was written to {self._base + at:#x}, but does not"
                    )
            progress(min(at + BLOCK, len(image)), len(image))
        return sent

    def write32(self, address: int, value: int) -> None:
        self._link.write_register(address, value)

    def read32(self, address: int) -> int:
        return self._link.read_register(address)

    def write_memory(self, offset: int, data: bytes) -> None:
        """Any range; beats that it covers in part are read first."""
        self._check_range(offset, len(data))
        before = offset % BEAT
        behind = -(before + len(data)) % BEAT
        if data and before:
            data = self.read_memory(offset - before, before) + data
        if data and behind:
            data += self.read_memory(offset + len(data) - before, behind)
        self._write(offset - before, data)

    def read_memory(self, offset: int, size: int) -> bytes:
        """Any range."""
        self._check_range(offset, size)
        begin, end = offset - offset % BEAT, offset + size + -(offset + size) % BEAT
        step = self._link.identity.payload
        parts = [
            self._link.read_memory(self._base + at, min(step, end - at))
            for at in (range(begin, end, step) if size else ())
        ]
        return b"".join(parts)[offset - begin :][:size]

    def wait(self, count: int) -> Progress:
        return poll(self, count, patience=self._patience, clock=self._clock)

    def traffic(self) -> Mapping[str, Traffic]:
        return self._traffic.read()

    def _holds(self, offset: int, block: bytes) -> bool:
        found = self._link.crc_memory(self._base + offset, len(block))
        return found == zlib.crc32(block)

    def _write(self, offset: int, data: bytes) -> None:
        step = self._link.identity.payload
        for at in range(0, len(data), step):
            self._link.write_memory(self._base + offset + at, data[at : at + step])

    def _check_range(self, offset: int, size: int) -> None:
        total = self._manifest.memory.bytes
        if offset < 0 or offset + size > total:
            raise ValueError(
                f"Memory range must be within {total:#x} bytes, not {offset:#x}..{offset + size:#x}"
            )
