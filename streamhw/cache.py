# SPDX-License-Identifier: Apache-2.0
"""The user's cache folder, and texts kept in it by the digest of what they were made from."""

import hashlib
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

__all__ = ["TextCache", "default_cache"]


def default_cache() -> Path:
    """The cache folder: ``STREAMHW_CACHE``, else in the user's cache folder."""
    if named := os.environ.get("STREAMHW_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamhw"


class TextCache:
    """Texts in a folder, each under a key; those unused for longest go when it is full.

    Several processes may use a folder at once: a text appears whole or not at all. A folder that
    cannot be written or a damaged file is as if nothing were stored.

    limit: bytes of all files together
    """

    def __init__(self, folder: Path, limit: int = 1 << 28):
        self._folder = folder
        self._limit = limit

    @staticmethod
    def key(*parts: str) -> str:
        """The digest of all parts, each with its length."""
        digest = hashlib.sha256()
        for part in parts:
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
        return digest.hexdigest()

    def get(self, key: str) -> str | None:
        """The text stored under a key, if there is one."""
        path = self._path(key)
        try:
            text = zlib.decompress(path.read_bytes()).decode()
        except (OSError, zlib.error, UnicodeDecodeError):
            return None
        with suppress(OSError):
            os.utime(path)  # the time of use decides what goes first
        return text

    def put(self, key: str, text: str) -> None:
        """Stores a text under a key."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".writing-", dir=self._folder)
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(zlib.compress(text.encode(), 1))
            os.replace(name, self._path(key))
        except OSError:
            Path(name).unlink(missing_ok=True)
        self._shrink()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.z"

    def _shrink(self) -> None:
        files = []
        with suppress(OSError):
            for path in self._folder.glob("*.z"):
                with suppress(OSError):  # another process may have removed it
                    facts = path.stat()
                    files.append((facts.st_mtime_ns, facts.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._limit:
                break
            with suppress(OSError):
                path.unlink()
            total -= size
