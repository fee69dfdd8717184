# SPDX-License-Identifier: Apache-2.0
"""The wave file of some streams: changes of their handshakes, and offered beats lane by lane."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..numerics.lane_codes import lane_codes
from .fst import REAL, FstChanges, FstFile, FstScope, FstVariable
from .gtkwave import gtkwave_text
from .shown_stream import ShownStream, streams_by_kernel
from .surfer import surfer_text

__all__ = ["WAVE_FILES", "StreamChanges", "StreamWaves"]

WAVE_FILES = (".fst", ".gtkw", ".sucl")
"""Endings of the wave file, and of what GTKWave and Surfer are to show of it."""


@dataclass(frozen=True, kw_only=True)
class StreamChanges:
    """What a stream did in some cycles, which are counted from the first of these.

    cycles, hands: when valid (bit 0) or ready (bit 1) changed, and both from then on
    offered, numbers, beats: when another beat was offered, how many of the stream passed before it,
    and the bytes of its payload, little endian
    """

    cycles: NDArray[np.int64]
    hands: NDArray[np.uint8]
    offered: NDArray[np.int64]
    numbers: NDArray[np.int64]
    beats: NDArray[np.uint8]


class StreamWaves:
    """A wave file under way: an FST file, and beside it what GTKWave and Surfer are to show.

    Lanes are 64-bit floats: no viewer needs a filter to show them, and both can draw them as a
    curve. They keep the last offered beat, and are NaN before the first. A cycle is shown as a
    nanosecond.

    file: with the ending .fst; begin: the first cycle
    Raises ``UserError`` if it cannot be written.
    """

    def __init__(self, file: Path, streams: Sequence[ShownStream], *, begin: int):
        self._file = file
        self._streams = tuple(streams)
        self._first: dict[str, int] = {}
        self._lanes: dict[str, NDArray[np.float64]] = {}
        widths: list[int] = []
        for stream in streams:
            self._first[stream.name] = len(widths)
            self._lanes[stream.name] = np.full(stream.lanes, np.nan)
            lanes = [REAL] * stream.lanes
            widths += [1, 1, *(lanes if stream.real else [stream.lanes * stream.fmt.width])]
        with _writing(file):
            self._fst = FstFile(file, widths, self._scopes(), begin=begin)
            file.with_suffix(".gtkw").write_text(gtkwave_text(file, streams))
            file.with_suffix(".sucl").write_text(surfer_text(streams))

    def add(self, cycles: int, changes: Mapping[str, StreamChanges]) -> None:
        """The next cycles; streams that are not named stay as they are.

        What interrupts it leaves the file as it was, and the same cycles may be added again.
        """
        found: dict[int, FstChanges] = {}
        now = dict(self._lanes)
        for stream in self._streams:
            if (change := changes.get(stream.name)) is None:
                continue
            first = self._first[stream.name]
            for bit in range(2):
                values = (change.hands >> bit & 1).astype(np.uint8)
                found[first + bit] = FstChanges(times=change.cycles, values=values[:, None])
            if stream.real:
                found |= self._numbers(stream, first + 2, change, now)
            else:
                bits = np.unpackbits(change.beats, axis=1, bitorder="little")
                bits = bits[:, : stream.lanes * stream.fmt.width]
                words = np.packbits(bits[:, ::-1], axis=1)
                found[first + 2] = FstChanges(times=change.offered, values=words)
        with _writing(self._file):
            self._fst.add(cycles, found)
        self._lanes = now

    @property
    def cycles(self) -> int:
        """How many are in the file."""
        return self._fst.length

    def close(self) -> None:
        """The file is whole."""
        self._fst.close()

    def _numbers(
        self,
        stream: ShownStream,
        first: int,
        change: StreamChanges,
        now: dict[str, NDArray[np.float64]],
    ) -> dict[int, FstChanges]:
        """Changes of the lanes of a stream, whose first signal has that number.

        now: what the lanes of each stream show, which is kept up to date
        """
        if not len(change.offered):
            return {}
        codes = lane_codes(change.beats, stream.fmt, stream.lanes)
        sizes = stream.fmt.step if stream.sizes is None else stream.sizes(change.numbers)
        lanes = codes * sizes
        before = np.vstack([now[stream.name], lanes[:-1]])
        now[stream.name] = lanes[-1]
        found = {}
        for lane, column in enumerate(lanes.T):
            here = np.flatnonzero(column != before[:, lane])
            values = column[here].astype("<f8").view(np.uint8).reshape(-1, 8)
            found[first + lane] = FstChanges(times=change.offered[here], values=values)
        return found

    def _scopes(self) -> list[FstScope]:
        return [
            FstScope(
                name=group,
                scopes=tuple(
                    FstScope(
                        name=kernel,
                        scopes=tuple(
                            FstScope(name=port, variables=self._variables(stream))
                            for port, stream in ports
                        ),
                    )
                    for kernel, ports in kernels.items()
                ),
            )
            for group, kernels in streams_by_kernel(self._streams)
        ]

    def _variables(self, stream: ShownStream) -> tuple[FstVariable, ...]:
        first = self._first[stream.name]
        return tuple(
            FstVariable(name=name, signal=first + i) for i, name in enumerate(stream.signals)
        )


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """What the system says of a file becomes a ``UserError``."""
    try:
        yield
    except OSError as error:
        raise UserError(f"Wave file {file} must be writable, but: {error.strerror}") from None
