# SPDX-License-Identifier: Apache-2.0
"""Where the cycles of a step went, as a simulation saw it: ``profile.json`` beside the build."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..whole_file import write_whole
from .kept_file import kept_text, load_kept
from .kernel_cycles import KernelCycles
from .measured import ChannelUse

__all__ = ["PROFILE_FILE", "StepProfile", "TaskTimes"]

PROFILE_FILE = "profile.json"


@dataclass(frozen=True, kw_only=True)
class TaskTimes:
    """When a task gave its first and its last beat, in cycles from the step's begin.

    invocation: ``entry``, ``layer 0``, ..., ``tail``; kernel: that did it
    measured: None if a beat of it passed before the step was watched, or it gives no value
    """

    invocation: str
    task: str
    kernel: str
    predicted: tuple[float, float]
    measured: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class StepProfile:
    """One step that took one token.

    position: of the token; cycles: of the step; memory: model of the memory
    kernels: what each did in how many cycles; ports: use of each memory port in the step
    times: predicted and measured; prefetch: beats of parameters that are asked for ahead
    source: of the build that ran, as its manifest has it
    """

    model: str
    board: str
    position: int
    cycles: int
    memory: str
    kernels: tuple[KernelCycles, ...]
    ports: Mapping[str, ChannelUse]
    times: tuple[TaskTimes, ...]
    prefetch: int
    source: str

    def save(self, folder: Path) -> Path:
        """Writes the file of a build, whole or not at all; raises ``UserError``."""
        file = folder / PROFILE_FILE
        write_whole(file, kept_text(self))
        return file

    @classmethod
    def load(cls, folder: Path) -> "StepProfile | None":
        """The last profile in a build's folder, if there is one.

        Raises ``UserError`` if the file is damaged.
        """
        return load_kept(cls, folder / PROFILE_FILE, wrote="profile", again="profile again")
