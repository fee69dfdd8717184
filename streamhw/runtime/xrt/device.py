# SPDX-License-Identifier: Apache-2.0
"""An accelerator on a card of XRT: spreads its memory over banks, and is driven as any other."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import DeviceError
from ...stream.axi import register_map as registers
from ...stream.axi.port_bases import port_base
from ...stream.axi.rebase import PAGE_BITS
from ..device import Progress, Traffic
from ..manifest import Manifest
from ..polled import TrafficMeter, poll
from ..recovery import recover
from .card import Card

__all__ = ["XrtDevice"]

PAGE_BYTES = 1 << PAGE_BITS


class XrtDevice:
    """A ``Device`` that is a kernel: memory of its own for each port if it is striped, else one
    buffer that all ports see, in the bank of the first.

    manifest: of the build; card: with its kernel
    banks: where memory is, one for each port of the manifest
    patience: seconds without a new token after which ``wait`` gives up
    clock: seconds, as ``time.monotonic``

    A kernel that was left in the middle of an answer is made ready first: its bases must rest while
    memory owes something.

    Raises ``ValueError`` if the banks are not as many as the ports, or the patience is not
    positive; ``DeviceError`` if the card has another design, or a buffer is at no page of 4 KiB.
    """

    def __init__(
        self,
        manifest: Manifest,
        card: Card,
        *,
        banks: Sequence[str],
        patience: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        ports = manifest.ports
        if len(banks) != len(ports):
            raise ValueError(f"XrtDevice banks must be {len(ports)}, one a port, not {len(banks)}")
        if patience <= 0:
            raise ValueError(f"XrtDevice patience must be above 0 s, not {patience:g}")
        self._manifest, self._card = manifest, card
        self._patience, self._clock = patience, clock
        self._traffic = TrafficMeter(self)
        self._beat = ports[0].data_width // 8
        self._stripes = len(ports) if manifest.memory.striped else 1
        row = self._beat * self._stripes
        size = -(-manifest.memory.bytes // row) * self._beat
        self._size = -(-size // PAGE_BYTES) * PAGE_BYTES
        self._check_design()
        recover(self)
        addresses = [self._allocate(port, banks[port]) for port in range(self._stripes)]
        for port in range(len(ports)):
            address = addresses[port % self._stripes]
            self.write32(port_base(port), address & 0xFFFFFFFF)
            self.write32(port_base(port) + 4, address >> 32)

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    @property
    def base(self) -> int:
        """Of the image, as the design counts: the shell around it adds where memory is."""
        return 0

    def load(self, image: bytes) -> None:
        """Brings the image into memory; raises ``ValueError`` if it is larger than memory."""
        self.write_memory(0, image)

    def write32(self, address: int, value: int) -> None:
        self._card.write32(address, value)

    def read32(self, address: int) -> int:
        return self._card.read32(address)

    def write_memory(self, offset: int, data: bytes) -> None:
        """Any range; rows of beats that it covers in part are read first."""
        self._check_range(offset, len(data))
        if not data:
            return
        first, count = self._rows(offset, len(data))
        rows = np.zeros((count, self._stripes, self._beat), dtype=np.uint8)
        begin = offset - first * self._stripes * self._beat
        if begin or (begin + len(data)) % (self._stripes * self._beat):
            rows = self._read_rows(first, count)
        flat = rows.reshape(-1)
        flat[begin : begin + len(data)] = np.frombuffer(data, dtype=np.uint8)
        for port in range(self._stripes):
            self._card.write(port, first * self._beat, rows[:, port].tobytes())

    def read_memory(self, offset: int, size: int) -> bytes:
        """Any range."""
        self._check_range(offset, size)
        if not size:
            return b""
        first, count = self._rows(offset, size)
        begin = offset - first * self._stripes * self._beat
        return self._read_rows(first, count).reshape(-1)[begin : begin + size].tobytes()

    def wait(self, count: int) -> Progress:
        return poll(self, count, patience=self._patience, clock=self._clock)

    def traffic(self) -> Mapping[str, Traffic]:
        return self._traffic.read()

    def _check_design(self) -> None:
        found = {at: self.read32(at) for at in (registers.ID, registers.BUILD)}
        wanted = {registers.ID: registers.ID_VALUE, registers.BUILD: self._manifest.build}
        if found != wanted:
            raise DeviceError(
                f"Card must have the design of the manifest (build {self._manifest.build:#010x}), "
                f"not {found[registers.BUILD]:#010x}",
                hint="link the kernel of this build, and load its binary",
            )

    def _allocate(self, port: int, bank: str) -> int:
        address = self._card.allocate(port, bank, self._size)
        if address % PAGE_BYTES:
            raise DeviceError(
                f"Buffer in {bank} must begin at a multiple of 4 KiB, not at {address:#x}"
            )
        return address

    def _rows(self, offset: int, size: int) -> tuple[int, int]:
        """The first row of beats, one from each stripe, that a range touches, and how many."""
        row = self._stripes * self._beat
        return offset // row, -(-(offset + size) // row) - offset // row

    def _read_rows(self, first: int, count: int) -> NDArray[np.uint8]:
        parts = [
            np.frombuffer(
                self._card.read(port, first * self._beat, count * self._beat), dtype=np.uint8
            ).reshape(count, self._beat)
            for port in range(self._stripes)
        ]
        return np.stack(parts, axis=1)

    def _check_range(self, offset: int, size: int) -> None:
        total = self._manifest.memory.bytes
        if offset < 0 or offset + size > total:
            raise ValueError(
                f"Memory range must be within {total:#x} bytes, not {offset:#x}..{offset + size:#x}"
            )
