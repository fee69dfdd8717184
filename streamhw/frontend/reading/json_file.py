# SPDX-License-Identifier: Apache-2.0
"""JSON files of a model directory, with a sentence for each way in which they may be none."""

from pathlib import Path
from typing import Any

from ...errors import UserError
from ...json_file import load_json

__all__ = ["LFS_HINT", "is_lfs_pointer", "read_json"]

_LFS = b"version https://git-lfs"
LFS_HINT = "fetch what it points to: git lfs pull, in that directory"


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file holds a few lines of Git LFS that name the real one."""
    try:
        if not path.is_file():  # a pipe would wait for ever
            return False
        with path.open("rb") as file:
            return file.read(len(_LFS)) == _LFS
    except OSError:
        return False


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, with or without a byte order mark; raises ``UserError``."""
    try:
        values = load_json(path)
    except FileNotFoundError:
        raise UserError(f"{path}: the file is missing") from None
    except ValueError as error:
        hint = LFS_HINT if is_lfs_pointer(path) else None
        raise UserError(f"{path}: the file must be JSON ({error})", hint=hint) from None
    if not isinstance(values, dict):
        raise UserError(f"{path}: the file must hold a JSON object")
    return values
