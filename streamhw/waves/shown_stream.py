# SPDX-License-Identifier: Apache-2.0
"""What a wave file shows of a stream: its handshake, and the numbers of its lanes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..near_names import did_you_mean
from ..numerics.fixed import Fixed

__all__ = ["Place", "ShownStream", "only", "streams_by_kernel"]

EXACT = 53
"""Bits of a number up to which a 64-bit float has all of its values."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A port at which a stream is shown.

    group: what the kernel belongs to, as a layer; kernel: the instance
    """

    group: str
    kernel: str
    port: str

    @property
    def path(self) -> str:
        """The names of all three, dots between."""
        return f"{self.group}.{self.kernel}.{self.port}"


@dataclass(frozen=True, kw_only=True)
class ShownStream:
    """A stream, and the ports at which it is shown: its source, its sink, or both.

    fmt: number format of a lane; sizes: of one code in each lane, (beats, lanes), by the numbers of
    beats from 0; None: that of the format
    """

    name: str
    fmt: Fixed
    lanes: int
    places: tuple[Place, ...]
    sizes: Callable[[NDArray[np.int64]], NDArray[np.float64]] | None = None

    @property
    def real(self) -> bool:
        """Whether lanes are shown as numbers; wider ones are words of memory, shown as bits."""
        return self.fmt.width <= EXACT

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of what is shown, handshake first."""
        lanes = [f"lane{i}" for i in range(self.lanes)] if self.real else ["payload"]
        return ("valid", "ready", *lanes)


def only(streams: Sequence[ShownStream], pattern: str) -> list[ShownStream]:
    """The streams at the places that a pattern of the shell names: by kernel, by stream, or by
    path. Raises ``UserError`` if there are none."""
    found = []
    for stream in streams:
        places = tuple(
            place
            for place in stream.places
            if any(fnmatchcase(name, pattern) for name in (place.kernel, stream.name, place.path))
        )
        if places:
            found.append(replace(stream, places=places))
    if not found:
        known = {s.name for s in streams} | {p.kernel for s in streams for p in s.places}
        raise UserError(
            f"Pattern {pattern!r} must match a kernel or a stream of the design",
            hint=did_you_mean(pattern.strip("*?"), sorted(known)),
        )
    return found


def streams_by_kernel(
    streams: Sequence[ShownStream],
) -> Iterator[tuple[str, dict[str, list[tuple[str, ShownStream]]]]]:
    """Groups in the order of their first stream; of each its kernels, and of these the ports with
    their streams."""
    found: dict[str, dict[str, list[tuple[str, ShownStream]]]] = {}
    for stream in streams:
        for place in stream.places:
            kernels = found.setdefault(place.group, {})
            kernels.setdefault(place.kernel, []).append((place.port, stream))
    yield from found.items()
