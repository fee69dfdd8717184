# SPDX-License-Identifier: Apache-2.0
"""A card as a driver needs it, and the one behind the C interface of a package's ``libcard.so``."""

import ctypes
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ...errors import DeviceError, ToolError

__all__ = ["Card", "LibraryCard"]


class Card(Protocol):
    """Registers of a kernel, and a buffer in the memory of each of its ports; sizes in bytes.

    Raises ``DeviceError`` for whatever the card or its driver refuses.
    """

    def read32(self, address: int) -> int: ...

    def write32(self, address: int, value: int) -> None: ...

    def allocate(self, port: int, bank: str, size: int) -> int:
        """A buffer in a bank, in place of the port's earlier one; its byte address on the card."""
        ...

    def write(self, port: int, offset: int, data: bytes) -> None: ...

    def read(self, port: int, offset: int, size: int) -> bytes: ...


class LibraryCard:
    """A ``Card`` through XRT, by ``host/c_interface.cpp`` of a package.

    library: ``libcard.so``; xclbin: the binary that is loaded; kernel: its name; index: of the card

    Raises ``ToolError`` if the library cannot be loaded, ``DeviceError`` if XRT refuses.
    """

    def __init__(self, library: Path, xclbin: Path, *, kernel: str, index: int = 0):
        try:
            self._library = ctypes.CDLL(str(library.resolve()))
        except OSError as error:
            raise ToolError(
                f"Library {library} must load, but: {error}",
                hint="`make host` in the package builds it; setup.sh of XRT says where XRT is",
            ) from error
        self._library.card_error.restype = ctypes.c_char_p
        self._library.card_close.restype = None
        self._library.card_close.argtypes = [ctypes.c_void_p]
        handle = ctypes.c_void_p()
        self._handle: ctypes.c_void_p | None = None
        self._call("card_open", str(xclbin).encode(), index, kernel.encode(), ctypes.byref(handle))
        self._handle = handle

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the card back; what was allocated is gone."""
        if self._handle is not None:
            self._library.card_close(self._handle)
            self._handle = None

    def read32(self, address: int) -> int:
        value = ctypes.c_uint32()
        self._call("card_read", self._handle, ctypes.c_uint32(address), ctypes.byref(value))
        return value.value

    def write32(self, address: int, value: int) -> None:
        self._call("card_write", self._handle, ctypes.c_uint32(address), ctypes.c_uint32(value))

    def allocate(self, port: int, bank: str, size: int) -> int:
        address = ctypes.c_uint64()
        to = ctypes.byref(address)
        self._call("card_allocate", self._handle, port, bank.encode(), ctypes.c_uint64(size), to)
        return address.value

    def write(self, port: int, offset: int, data: bytes) -> None:
        size = ctypes.c_uint64(len(data))
        self._call("card_to", self._handle, port, ctypes.c_uint64(offset), data, size)

    def read(self, port: int, offset: int, size: int) -> bytes:
        data = ctypes.create_string_buffer(size)
        length = ctypes.c_uint64(size)
        self._call("card_from", self._handle, port, ctypes.c_uint64(offset), data, length)
        return data.raw

    def _call(self, name: str, *arguments: object) -> None:
        if getattr(self._library, name)(*arguments):
            said = self._library.card_error() or b""
            raise DeviceError(f"Card must do {name}, but: {said.decode(errors='replace')}")
