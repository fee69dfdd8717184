# SPDX-License-Identifier: Apache-2.0
"""A file of the format FST, written block by block: it can be read after each of them."""

import gzip
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .fst_codes import chain, packed, varint, word

__all__ = ["REAL", "FstChanges", "FstFile", "FstScope", "FstVariable"]

REAL = 0
"""In place of a width in bits: a signal of 64-bit floats."""

HEADER, GEOMETRY, HIERARCHY, CHANGES = 0, 3, 4, 8
"""Kinds of blocks; hierarchies are packed by gzip, changes have the table of positions of 2016."""
MODULE, UPSCOPE, SCOPE = 0, 255, 254
VAR_REAL, VAR_WIRE = 3, 16
NANOSECONDS = -9
PACKED_BY_ZLIB = b"Z"
WRITER, RESERVED = 128, 119
"""Bytes of two texts of the header: who wrote it, and when, which is left open."""


@dataclass(frozen=True, kw_only=True)
class FstVariable:
    """A name of a signal; several variables may show one signal."""

    name: str
    signal: int


@dataclass(frozen=True, kw_only=True)
class FstScope:
    """Variables under a name, and scopes within."""

    name: str
    variables: tuple[FstVariable, ...] = ()
    scopes: tuple["FstScope", ...] = ()


@dataclass(frozen=True, kw_only=True)
class FstChanges:
    """What a signal becomes, and when.

    times: (n,), from the begin of the block, ascending
    values: (n, bytes): one bit as 0 or 1; more bits from the highest on, the last byte filled up
    with zeros; a float as its 8 bytes, little endian
    """

    times: NDArray[np.int64]
    values: NDArray[np.uint8]


class FstFile:
    """An FST file under way. A unit of time is shown as a nanosecond.

    What interrupts ``add`` leaves the file as it was, and the same block may be added again.

    widths: of the signals, in bits, or ``REAL``; scopes: the variables that show them, of each
        signal one at least
    begin: time of the first block

    Raises ``OSError`` if the file cannot be written.
    """

    def __init__(
        self, file: Path, widths: Sequence[int], scopes: Sequence[FstScope], *, begin: int
    ):
        self._widths = tuple(widths)
        self._begin = self._end = begin
        self._blocks = 0
        self._counts = [0, 0]  # scopes and variables
        self._handles: dict[int, int] = {}
        hierarchy = b"".join(self._scope(scope) for scope in scopes)
        if missing := sorted(set(range(len(widths))) - self._handles.keys()):
            raise ValueError(f"Every signal must have a variable, and {missing} have none")
        self._order = sorted(self._handles, key=lambda signal: self._handles[signal])
        self._now = {
            s: struct.pack("<d", np.nan) if widths[s] == REAL else b"x" * widths[s]
            for s in self._order
        }
        geometry = b"".join(varint(self._widths[signal]) for signal in self._order)
        sizes = word(len(geometry)) + word(len(self._order))
        self._stream = file.open("wb")
        content = _block(HIERARCHY, word(len(hierarchy)) + gzip.compress(hierarchy, mtime=0))
        content += _block(GEOMETRY, sizes + packed(geometry))
        self._place = len(self._header(0, begin))
        self._place = self._write(content, 0, begin)

    def add(self, length: int, changes: Mapping[int, FstChanges]) -> None:
        """The next so many units of time, at least 1, with the changes of some signals."""
        frame = b"".join(self._now[signal] for signal in self._order)
        small = packed(frame)
        count = varint(len(self._order))
        body = [varint(len(frame)), varint(len(small)), count, small, count, PACKED_BY_ZLIB]
        table = _Positions()
        now, used = dict(self._now), 0
        for signal in self._order:
            found = changes.get(signal)
            if found is None or not len(found.times):
                table.skip()
                continue
            data, now[signal] = _chain(self._widths[signal], found)
            small = packed(data)
            body.append(varint(len(data) if len(small) < len(data) else 0) + small)
            table.add(len(body[-1]))
            used += len(data)
        positions = table.text()
        # The first time is counted from 0, each other one from the one before.
        times = varint(self._end) + b"\x01" * (length - 1)
        small = packed(times)
        body += [positions, word(len(positions))]
        body += [small, word(len(times)), word(len(small)), word(length)]
        span = word(self._end) + word(self._end + length - 1) + word(used)
        end = self._end + length
        place = self._write(_block(CHANGES, span + b"".join(body)), self._blocks + 1, end)
        self._place, self._blocks, self._end, self._now = place, self._blocks + 1, end, now

    @property
    def length(self) -> int:
        """Units of time that are in the file."""
        return self._end - self._begin

    def close(self) -> None:
        """The file is whole."""
        self._stream.close()

    def _scope(self, scope: FstScope) -> bytes:
        self._counts[0] += 1
        head = bytes([SCOPE, MODULE]) + scope.name.encode() + b"\0\0"
        inner = [*map(self._variable, scope.variables), *map(self._scope, scope.scopes)]
        return head + b"".join(inner) + bytes([UPSCOPE])

    def _variable(self, variable: FstVariable) -> bytes:
        self._counts[1] += 1
        width = self._widths[variable.signal]
        alias = self._handles.get(variable.signal, 0)
        self._handles.setdefault(variable.signal, len(self._handles) + 1)
        kind, size = (VAR_REAL, 8) if width == REAL else (VAR_WIRE, width)
        name = variable.name.encode() + b"\0"
        return bytes([kind, 0]) + name + varint(size) + varint(alias)

    def _write(self, content: bytes, blocks: int, end: int) -> int:
        """Puts content behind what is there, then the header that knows of it; where it ends."""
        self._stream.seek(self._place)
        self._stream.write(content)
        place = self._stream.tell()
        self._stream.flush()
        self._stream.seek(0)
        self._stream.write(self._header(blocks, end))
        self._stream.flush()
        return place

    def _header(self, blocks: int, end: int) -> bytes:
        numbers = (0, *self._counts, len(self._order), blocks)
        text = b"streamhw".ljust(WRITER, b"\0") + bytes(RESERVED)
        content = word(self._begin) + word(end) + struct.pack("<d", np.e)
        content += b"".join(map(word, numbers)) + struct.pack("b", NANOSECONDS) + text
        return _block(HEADER, content + b"\0" + word(0))


class _Positions:
    """The table of where chains are: steps from each to the next, and runs of signals without."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._step = 1  # the first is counted from the byte before the chains
        self._skipped = 0

    def skip(self) -> None:
        self._skipped += 1

    def add(self, size: int) -> None:
        """A signal whose chain has so many bytes."""
        self._end_run()
        self._text += varint(self._step << 1 | 1, signed=True)
        self._step = size

    def text(self) -> bytes:
        self._end_run()
        return bytes(self._text)

    def _end_run(self) -> None:
        if self._skipped:
            self._text += varint(self._skipped << 1, signed=True)
            self._skipped = 0


def _block(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + word(len(content) + 8) + content


def _chain(width: int, found: FstChanges) -> tuple[bytes, bytes]:
    """The changes of a signal, each at so many units after the one before; and its last value, as
    the next block begins with it."""
    steps = np.diff(found.times, prepend=0)
    last = found.values[-1]
    if width == 1:
        bits = found.values[:, 0].astype(np.int64)
        return chain(steps << 2 | bits << 1, found.values[:, :0]), b"01"[last[0] :][:1]
    if width == REAL:
        return chain(steps << 1 | 1, found.values), last.tobytes()
    digits = np.unpackbits(last)[:width] + ord("0")
    return chain(steps << 1, found.values), digits.tobytes()
