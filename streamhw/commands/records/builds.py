# SPDX-License-Identifier: Apache-2.0
"""Records of ``build``, which commands that build or reuse a build say first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ...api.build import Build
from ...compiler.backend.build_dir import written_files
from ...compiler.resources.fpga_cells import Cells
from .record import Record

__all__ = ["BuildRecord", "FileSize", "StoppedRecord", "sizes_of"]


@dataclass(frozen=True, kw_only=True)
class FileSize:
    """A written file, and its bytes."""

    file: str
    bytes: int


def sizes_of(folder: Path, names: Iterable[str]) -> tuple[FileSize, ...]:
    """Files of a folder, by name."""
    return tuple(
        FileSize(file=str(folder / name), bytes=(folder / name).stat().st_size)
        for name in sorted(names)
    )


@dataclass(frozen=True, kw_only=True)
class BuildRecord(Record):
    """A whole build; its ``report.json`` has every part and FIFO.

    reused: whether the folder held this very build already; weights: where they come from
    cells: estimated; budget: what the board has
    token_cycles: predicted, by position of the token; prompt_cycles: predicted until the first new
    token, by length of the prompt
    parameter_bytes: that a step reads; memory_bytes: in all; seconds: that the command took so far
    """

    kind = "build"
    folder: str
    reused: bool
    model: str
    weights: str
    board: str
    quantization: str
    clock_mhz: float
    token_batch: int
    cells: Cells
    budget: Mapping[str, int]
    token_cycles: Mapping[str, float]
    prompt_cycles: Mapping[str, float]
    parameter_bytes: int
    memory_bytes: int
    seconds: float
    files: tuple[FileSize, ...]

    @classmethod
    def of(cls, built: Build, seconds: float) -> Self:
        """What a build came to; predicts cycles anew if it was there already."""
        found = built.report
        return cls(
            folder=str(built.folder),
            reused=built.reused,
            model=found.model,
            weights=found.weights,
            board=found.board,
            quantization=found.quantization,
            clock_mhz=found.clock_mhz,
            token_batch=found.token_batch,
            cells=found.total,
            budget=found.budget,
            token_cycles=found.token_cycles,
            prompt_cycles=found.prompt_cycles,
            parameter_bytes=found.parameter_bytes_per_step,
            memory_bytes=found.memory_bytes,
            seconds=seconds,
            files=sizes_of(built.folder, written_files(built.folder)),
        )


@dataclass(frozen=True, kw_only=True)
class StoppedRecord(Record):
    """A build that ended after ``stage``, as ``--stop`` says."""

    kind = "stopped"
    stage: str
    files: tuple[FileSize, ...]
