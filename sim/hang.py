# SPDX-License-Identifier: Apache-2.0
"""A simulated design that hangs: what its streams and queues were when nothing moved any more."""

from collections.abc import Mapping
from dataclasses import dataclass

from streamhw.errors import InternalError

__all__ = ["HangError", "StuckStream"]


@dataclass(frozen=True, kw_only=True)
class StuckStream:
    """One stream; without a queue, both ends are one.

    offered, room: valid and ready at the source; valid, ready: at the sink
    level: beats in the queue; passed: beats that the sink took so far
    """

    offered: bool
    room: bool
    valid: bool
    ready: bool
    level: int = 0
    passed: int = 0


class HangError(InternalError):
    """Nothing moves in a simulated design.

    streams: by name; none if the simulation does not observe them
    """

    def __init__(self, message: str, streams: Mapping[str, StuckStream]):
        super().__init__(message)
        self.streams = streams
