# SPDX-License-Identifier: Apache-2.0
"""Memory systems by name: those that ship with streamhw, and those of installed packages."""

from collections.abc import Mapping

from ...errors import UserError
from ...extensions import extensions, find
from ...near_names import did_you_mean
from .hbm2 import Hbm2
from .ideal import IDEAL
from .system import MemorySystem

__all__ = ["GROUP", "MEMORIES", "load_memory"]

GROUP = "streamhw.memory"
"""The entry points that offer memory systems."""

MEMORIES: Mapping[str, MemorySystem] = {system.name: system for system in (IDEAL, Hbm2())}
"""What ships with streamhw."""


def load_memory(name: str) -> MemorySystem:
    """The memory system of that name.

    Raises ``UserError`` if there is none, or a package offers something else under the name.
    """
    # A protocol of properties and methods: not a class that mypy could instantiate.
    added = extensions(GROUP, MemorySystem)
    if (extension := find("Memory", name, MEMORIES, added)) is not None:
        return extension.value
    if name in MEMORIES:
        return MEMORIES[name]
    known = (*MEMORIES, *(other.name for other in added))
    raise UserError(
        f"Memory must be one of {', '.join(known)}, not {name!r}", hint=did_you_mean(name, known)
    )
