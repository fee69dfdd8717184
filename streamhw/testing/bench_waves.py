# SPDX-License-Identifier: Apache-2.0
"""The wave file of one run of a kernel bench, from what its ports do in each cycle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..numerics.fixed import Fixed
from ..waves.shown_stream import Place, ShownStream
from ..waves.stream_waves import StreamChanges, StreamWaves

__all__ = ["BenchWaves"]


@dataclass
class _Recorded:
    """What a port did; number: of the beat that is offered."""

    hands: list[tuple[int, int]] = field(default_factory=list)
    beats: list[tuple[int, int, int]] = field(default_factory=list)
    number: int = 0


class BenchWaves:
    """Records ports, and writes a file in which each is a stream of the kernel.

    kernel: its name; ports: of each the width, fraction, sign and number of its lanes
    """

    def __init__(self, kernel: str, ports: Mapping[str, Mapping[str, Any]]):
        self._streams = [
            ShownStream(
                name=name,
                fmt=Fixed(facts["width"], facts["frac"], facts["signed"]),
                lanes=facts["lanes"],
                places=(Place(group="bench", kernel=kernel, port=name),),
            )
            for name, facts in ports.items()
        ]
        self._recorded = {name: _Recorded() for name in ports}

    def sample(self, port: str, cycle: int, valid: bool, ready: bool, payload: int) -> None:
        """A port in a cycle; the payload matters where it is valid."""
        recorded = self._recorded[port]
        hands = valid | ready << 1
        if not recorded.hands or recorded.hands[-1][1] != hands:
            recorded.hands.append((cycle, hands))
        if not valid:
            return
        if not recorded.beats or recorded.beats[-1][1:] != (recorded.number, payload):
            recorded.beats.append((cycle, recorded.number, payload))
        recorded.number += ready

    def write(self, file: Path, cycles: int) -> None:
        """The file of so many cycles, and what viewers are to show of it."""
        waves = StreamWaves(file, self._streams, begin=0)
        waves.add(cycles, {stream.name: self._changes(stream) for stream in self._streams})
        waves.close()

    def _changes(self, stream: ShownStream) -> StreamChanges:
        recorded = self._recorded[stream.name]
        size = -(-stream.lanes * stream.fmt.width // 8)
        data = b"".join(payload.to_bytes(size, "little") for _, _, payload in recorded.beats)
        return StreamChanges(
            cycles=np.array([cycle for cycle, _ in recorded.hands], dtype=np.int64),
            hands=np.array([hands for _, hands in recorded.hands], dtype=np.uint8),
            offered=np.array([cycle for cycle, _, _ in recorded.beats], dtype=np.int64),
            numbers=np.array([number for _, number, _ in recorded.beats], dtype=np.int64),
            beats=np.frombuffer(data, dtype=np.uint8).reshape(-1, size),
        )
