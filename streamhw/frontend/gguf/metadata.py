# SPDX-License-Identifier: Apache-2.0
"""Values of a GGUF file's metadata, each refused in a sentence if it is not of its kind."""

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from .cursor import Value
from .reader import GgufFile

__all__ = ["Metadata"]


@dataclass(frozen=True)
class Metadata:
    """The metadata of ``file``; all methods raise ``UserError``."""

    file: GgufFile

    def text(self, key: str, default: str | None = None) -> str:
        found = self._found(key, default)
        if not isinstance(found, str):
            self._refuse(key, "text", found)
        return found

    def integer(self, key: str, default: int | None = None) -> int:
        found = self._found(key, default)
        if isinstance(found, np.ndarray) and found.size and (found == found.flat[0]).all():
            found = found.flat[0].item()  # one value a layer, all the same
        if not isinstance(found, int) or isinstance(found, bool):
            self._refuse(key, "an integer", found)
        return found

    def number(self, key: str, default: float | None = None) -> float:
        found = self._found(key, default)
        if not isinstance(found, int | float) or isinstance(found, bool):
            self._refuse(key, "a number", found)
        return float(found)

    def truth(self, key: str, default: bool) -> bool:
        found = self._found(key, default)
        if not isinstance(found, bool):
            self._refuse(key, "true or false", found)
        return found

    def texts(self, key: str) -> list[str]:
        found = self._found(key, None)
        if not isinstance(found, list):
            self._refuse(key, "a list of texts", found)
        return found

    def numbers(self, key: str) -> NDArray[np.generic]:
        found = self._found(key, None)
        if not isinstance(found, np.ndarray):
            self._refuse(key, "a list of numbers", found)
        return found

    def __contains__(self, key: str) -> bool:
        return key in self.file.metadata

    def _found(self, key: str, default: Value | None) -> Value:
        found = self.file.metadata.get(key, default)
        if found is None:
            raise UserError(f"{self.file.path}: metadata {key} must be there, and is not")
        return found

    def _refuse(self, key: str, kind: str, found: Value) -> NoReturn:
        said = repr(found) if isinstance(found, int | float | str) else "a list"
        said = said if len(said) <= 60 else f"{said[:57]}..."
        raise UserError(f"{self.file.path}: metadata {key} must be {kind}, not {said}")
