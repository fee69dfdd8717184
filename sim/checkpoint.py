# SPDX-License-Identifier: Apache-2.0
"""A simulated answer kept in a file, so that it can go on after an interruption."""

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError

__all__ = ["Checkpoint"]

FORMAT = "streamhw checkpoint 1"
FACTS = "facts"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of an answer between two cycles.

    identity: what it belongs to, by a name for messages: a run with another one cannot go on
    facts: what the host knows, as JSON has it; arrays: what the simulation and a comparison hold
    """

    identity: Mapping[str, str]
    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @staticmethod
    def check(path: Path) -> None:
        """Raises ``UserError`` if a checkpoint cannot be there: before anything is simulated, and
        so that nothing but an earlier checkpoint is replaced."""
        try:
            reason = None if path.parent.is_dir() else "No such file or directory"
            if os.path.lexists(path) and not (path.is_file() and zipfile.is_zipfile(path)):
                reason = "something of that name that is no checkpoint"
        except OSError as error:
            reason = error.strerror
        if reason is not None:
            raise UserError(f"Cannot write the checkpoint {path} because of {reason}")

    def save(self, path: Path) -> None:
        """Writes the file, whole or not at all.

        Raises ``UserError`` if it cannot be written.
        """
        text = json.dumps({"format": FORMAT, "identity": self.identity, "facts": self.facts})
        content = {FACTS: np.frombuffer(text.encode(), dtype=np.uint8), **self.arrays}
        try:
            descriptor, work = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    np.savez_compressed(file, allow_pickle=False, **content)
                os.chmod(work, 0o644)
                os.replace(work, path)
            finally:
                Path(work).unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"Cannot write the checkpoint {path} because of {error.strerror}"
            ) from error

    @classmethod
    def load(cls, path: Path, identity: Mapping[str, str]) -> "Checkpoint":
        """Reads a file that ``save`` wrote for the same ``identity``.

        Raises ``UserError`` if there is none, if it is damaged, or if it belongs to something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            head = json.loads(arrays.pop(FACTS).tobytes())
            if head["format"] != FORMAT:
                raise ValueError(f"its format is {head['format']!r}")
            found = cls(identity=head["identity"], facts=head["facts"], arrays=arrays)
        except FileNotFoundError:
            raise UserError(f"Checkpoint {path} must exist, and does not") from None
        except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError,
                zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
            raise UserError(
                f"Checkpoint {path} must be a whole file that `run --checkpoint` wrote, "
                f"but: {error}",
                hint="run again without --resume",
            ) from None
        for name, value in identity.items():
            if found.identity.get(name) != value:
                raise UserError(
                    f"Checkpoint {path} must be of the same {name} as this run, and is of another",
                    hint="give the options of the run that wrote it, or run without --resume",
                )
        return found
