# SPDX-License-Identifier: Apache-2.0
"""Folders of the cache that are whole or not there, however many processes make them at once."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from streamhw.errors import ToolError
from streamhw.json_file import load_json

__all__ = ["is_kept", "keep", "working"]

SEAL = "seal.json"
"""Digests of the other files: a library that is cut off would end the process that loads it."""


@contextmanager
def working(cache: Path) -> Iterator[Path]:
    """A new folder in the cache for what is not whole yet; it is gone afterwards.

    Raises ``ToolError`` if the cache cannot be written, or its disk is full.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise ToolError(
            f"Cannot write the cache folder {cache} because of {error.strerror or error}",
            hint="Set STREAMHW_CACHE to a folder that can be written",
        ) from error


def keep(product: Path, target: Path) -> None:
    """Moves a finished folder to its place at once, in place of a damaged one; another process may
    have been faster."""
    digests = {file.name: _digest(file) for file in sorted(product.iterdir())}
    (product / SEAL).write_text(json.dumps(digests))
    for _ in range(2):
        try:
            product.rename(target)
            return
        except OSError:
            if is_kept(target):
                return
            _discard(target, product.with_name(f"{product.name}-damaged"))
    product.rename(target)


def is_kept(folder: Path) -> bool:
    """Whether all files that were kept in a folder are there as they were."""
    try:
        digests = load_json(folder / SEAL)
        return isinstance(digests, dict) and all(
            _digest(folder / name) == digest for name, digest in digests.items()
        )
    except (OSError, ValueError):
        return False


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _discard(target: Path, aside: Path) -> None:
    """Moves away what is no whole folder; the work folder that it comes into is removed later."""
    with suppress(FileNotFoundError):  # another process has done so
        os.rename(target, aside)
