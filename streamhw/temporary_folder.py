# SPDX-License-Identifier: Apache-2.0
"""A folder for the files of a tool while it runs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ToolError

__all__ = ["temporary_folder"]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder that is gone afterwards; raises ``ToolError`` if there can be none, or its disk
    is full."""
    try:
        with tempfile.TemporaryDirectory(prefix="streamhw-") as name:
            yield Path(name)
    except OSError as error:
        raise ToolError(
            f"Temporary files must be writable, but: {error.strerror or error}",
            hint="set TMPDIR to a folder with room",
        ) from error
