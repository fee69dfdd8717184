# SPDX-License-Identifier: Apache-2.0
"""Writes what a running simulation has recorded of its streams into a wave file, part by part."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..waves.shown_stream import ShownStream
from ..waves.stream_waves import StreamWaves
from .library import Harness

__all__ = ["ALL_CYCLES", "WavePlan", "WaveRecorder"]

ALL_CYCLES = 2**63
"""More than any simulation has."""


@dataclass(frozen=True, kw_only=True)
class WavePlan:
    """What a wave file is to hold.

    cycle: the first one, which may have passed; after: or the transfer with which it begins, by the
    stream and how many pass before; cycles: how many
    """

    file: Path
    streams: tuple[ShownStream, ...]
    cycle: int = 0
    after: tuple[str, int] | None = None
    cycles: int = ALL_CYCLES


class WaveRecorder:
    """The wave file of a simulation; it is made when its first cycle has passed."""

    def __init__(self, harness: Harness, plan: WavePlan):
        self._harness, self._plan = harness, plan
        self._waves: StreamWaves | None = None
        harness.record(
            [stream.name for stream in plan.streams],
            cycle=max(plan.cycle, harness.cycle),
            after=plan.after,
            cycles=plan.cycles,
        )

    def write(self) -> None:
        """Moves what is recorded by now into the file; what interrupts it may do so again."""
        begin, cycles = self._harness.recorded()
        if not cycles:
            return
        if self._waves is None:
            self._waves = StreamWaves(self._plan.file, self._plan.streams, begin=begin)
        if cycles > (written := self._waves.cycles):
            self._waves.add(cycles - written, self._harness.changes_since(begin + written))
            # Nothing is forgotten before it is written.
            self._harness.forget_recorded()

    def check(self) -> None:
        """Raises ``UserError`` if the simulation has passed without the first cycle."""
        if not self._harness.recorded()[1]:
            raise UserError(
                f"Waves must begin within the simulation, which ended in cycle "
                f"{self._harness.cycle} before they did"
            )

    def close(self) -> None:
        """Completes the file."""
        self.write()
        if self._waves is not None:
            self._waves.close()
