# SPDX-License-Identifier: Apache-2.0
"""What a simulation sees of one step: the beats of all streams, and what its kernels do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..compiler.ir.levels import PlacedNetlist
from ..runtime.device import Traffic
from ..sim.device import WatchedPort
from ..stream.spec import Direction, Role
from .facts import PartKind
from .facts_of_design import kind_of

__all__ = ["ObservedStep", "watched_kernels"]

MEMORY = frozenset(
    {Role.PARAMETER, Role.MEM_COMMAND, Role.MEM_READ, Role.MEM_WRITE, Role.MEM_DONE, Role.WRITTEN}
)
"""Roles of streams that have memory at their other end."""
KERNELS = frozenset({PartKind.KERNEL, PartKind.ENGINE, PartKind.MEMORY})


@dataclass(frozen=True, kw_only=True)
class ObservedStep:
    """A step that took one token, in cycles from its begin.

    cycles: of the step; traffic: by memory port
    taken, given: cycles of the beats of each stream, at its sink and at its source
    changes: of each watched kernel, when what it did changed, and to which ``Doing``
    """

    cycles: int
    traffic: Mapping[str, Traffic]
    taken: Mapping[str, Sequence[int]]
    given: Mapping[str, Sequence[int]]
    changes: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]


def watched_kernels(design: PlacedNetlist) -> dict[str, tuple[WatchedPort, ...]]:
    """The ports that show what a kernel does, of each kernel that takes or gives a value."""
    ports: dict[str, list[WatchedPort]] = {}
    valued: set[str] = set()
    kernels = {i.name: i for i in design.instances if kind_of(i) in KERNELS}
    for channel in design.channels:
        for end in (channel.source, channel.sink):
            if (kernel := kernels.get(end.instance)) is None:
                continue
            port = kernel.port(end.port)
            if port.role is Role.DATA or port.role in MEMORY:
                output, memory = port.direction is Direction.OUTPUT, port.role in MEMORY
                seen = WatchedPort(stream=channel.name, output=output, memory=memory)
                ports.setdefault(kernel.name, []).append(seen)
            if channel.value is not None:
                valued.add(kernel.name)
    return {name: tuple(found) for name, found in ports.items() if name in valued}
