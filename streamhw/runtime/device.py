# SPDX-License-Identifier: Apache-2.0
"""What a driver needs of an accelerator, be it simulated or on a board."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Protocol

from .manifest import Manifest

__all__ = ["Device", "Progress", "Traffic"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """State of an answer when the device came back."""

    count: int  # valid tokens in the window
    done: bool
    cycles: int  # since the start of the answer
    stopped: bool = False  # not done, and nothing more will come: a fault or an abort


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What passed a memory port since the device was opened."""

    read_bytes: int
    write_bytes: int
    busy_cycles: int = 0  # something was outstanding
    row_hits: int = 0  # accesses of the memory to an open row
    row_misses: int = 0  # and those that had to open one
    refresh_cycles: int = 0  # in which the memory refreshed

    def __sub__(self, earlier: "Traffic") -> "Traffic":
        return Traffic(
            **{f.name: getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)}
        )


class Device(Protocol):
    """An accelerator with its memory image loaded.

    ``traffic`` is empty where nothing counts it. ``wait`` returns as soon as COUNT is above
    ``count``, or the answer is done or was aborted; it raises ``InternalError`` if none of it will
    come.
    """

    @property
    def manifest(self) -> Manifest: ...

    @property
    def base(self) -> int: ...

    def write32(self, address: int, value: int) -> None: ...

    def read32(self, address: int) -> int: ...

    def write_memory(self, offset: int, data: bytes) -> None: ...

    def read_memory(self, offset: int, size: int) -> bytes: ...

    def wait(self, count: int) -> Progress: ...

    def traffic(self) -> Mapping[str, Traffic]: ...
