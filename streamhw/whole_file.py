# SPDX-License-Identifier: Apache-2.0
"""A text file that is there whole or not at all, whatever happens while it is written."""

import os
import tempfile
from pathlib import Path

from .errors import UserError

__all__ = ["write_whole"]


def write_whole(file: Path, text: str) -> None:
    """Writes a text file beside its place and moves it there; raises ``UserError``."""
    work: str | None = None
    try:
        descriptor, work = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.absolute().parent)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        os.chmod(work, 0o644)
        os.replace(work, file)
    except OSError as error:
        raise UserError(f"Output file {file} must be writable, but: {error.strerror}") from None
    finally:
        if work is not None:
            Path(work).unlink(missing_ok=True)
