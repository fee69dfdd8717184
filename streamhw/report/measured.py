# SPDX-License-Identifier: Apache-2.0
"""What a simulated run of a build measured, kept beside the build: ``measured.json``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..whole_file import write_whole
from .kept_file import kept_text, load_kept

__all__ = ["MEASURED_FILE", "ChannelUse", "Measured", "StepTimes", "StreamWaits"]

MEASURED_FILE = "measured.json"


@dataclass(frozen=True, kw_only=True)
class StreamWaits:
    """Cycles of a stream's handshake: beats passed, offered but not taken, wanted but not there."""

    transfers: int
    blocked: int
    starved: int


@dataclass(frozen=True, kw_only=True)
class ChannelUse:
    """What passed a memory channel, and how well it was used.

    peak: share of the bytes that it could have carried; busy: share of the cycles in which
    something was outstanding
    """

    read_bytes: int
    write_bytes: int
    peak: float
    busy: float
    row_misses: int = 0
    refresh_cycles: int = 0


@dataclass(frozen=True, kw_only=True)
class StepTimes:
    """A step that made one token, in cycles from its begin.

    position: of the token that it took
    passed: by stream, cycles of the first and the last beat of each invocation
    """

    position: int
    passed: Mapping[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One observed answer.

    prompt: its tokens; token_cycles: until the first new token, and of each further one
    predicted_cycles: of the same answer; stalls: share of cycles in which memory was held back
    peaks: highest level of each queue; streams: their handshakes
    step: of the last token, as it was predicted and measured
    memory: model of the memory; channels: their use during the answer
    source: of the build that ran, as its manifest has it: another build may be in the folder since
    """

    prompt: int
    token_cycles: tuple[int, ...]
    predicted_cycles: float | None = None
    stalls: float = 0.0
    peaks: Mapping[str, int] = field(default_factory=dict)
    streams: Mapping[str, StreamWaits] = field(default_factory=dict)
    step: "StepTimes | None" = None
    memory: str = "ideal"
    channels: Mapping[str, ChannelUse] = field(default_factory=dict)
    source: str = ""

    def save(self, folder: Path) -> None:
        """Writes the file of a build, whole or not at all; raises ``UserError``."""
        write_whole(folder / MEASURED_FILE, kept_text(self))

    @classmethod
    def load(cls, folder: Path) -> "Measured | None":
        """What the last run in a build's folder measured, if there was one.

        Raises ``UserError`` if the file is damaged.
        """
        return load_kept(
            cls, folder / MEASURED_FILE, wrote="run --check", again="run again with --check"
        )
