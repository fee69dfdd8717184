# SPDX-License-Identifier: Apache-2.0
"""One point of the design space, and the file that keeps it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import UserError
from ...json_file import load_json
from ...whole_file import write_whole
from ..config import BuildConfig
from ..ir.json_codec import decode, encode
from ..mapping.engine_sharing import EngineAssignment
from ..mapping.tiling import Tiling

__all__ = ["Choice", "chosen_by", "read_choice", "write_choice"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a design needs besides model, board and number formats.

    sharing: the products of each engine, all of them; tiling: sizes of all kernels
    """

    sharing: tuple[tuple[str, ...], ...]
    tiling: Tiling

    @property
    def key(self) -> str:
        """Text that is the same for the same choice only."""
        return json.dumps(encode(self), sort_keys=True)

    def config(self, base: BuildConfig) -> BuildConfig:
        """The choices of a build that makes this design."""
        return replace(base, sharing=self.sharing, tiling=self.tiling)


def chosen_by(assignments: tuple[EngineAssignment, ...], tiling: Tiling) -> Choice:
    """The choice that a design stands for."""
    return Choice(sharing=tuple(assignment.nodes for assignment in assignments), tiling=tiling)


def write_choice(choice: Choice, file: Path, **facts: Any) -> None:
    """Writes a choice, whole or not at all, and facts about it that ``read_choice`` passes over."""
    write_whole(file, json.dumps({"choice": encode(choice), **facts}, indent=2) + "\n")


def read_choice(file: Path) -> Choice:
    """The choice in a file that ``write_choice`` wrote; raises ``UserError`` if it is none."""
    try:
        data = load_json(file)
        if isinstance(data, Mapping) and "choice" not in data:
            raise ValueError("it holds no choice")
        return decode(Choice, data["choice"] if isinstance(data, Mapping) else data)
    except (FileNotFoundError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"Design file {file} must be one that explore wrote, but: {said}") from None
