# SPDX-License-Identifier: Apache-2.0
"""A key for plain data: equal for equal values made by equal code, in any process."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

__all__ = ["content_key"]

PLAIN = (type(None), bool, int, float, str, bytes)


class _NotPlainError(Exception):
    """A value whose content cannot be told."""


def content_key(*values: object) -> str | None:
    """A digest of the values and of the source of all packages whose classes are in them.

    None if one of them is neither plain data nor a function or a class with a name: such a value
    may hold what cannot be seen from here.
    """
    walk = _Walk()
    try:
        parts = [walk.digest(value) for value in values]
        parts += [_source(package) for package in sorted(walk.packages)]
    except _NotPlainError:
        return None
    return hashlib.sha256(b"".join(parts)).hexdigest()


class _Walk:
    """Digests of values; those that stand in several places are looked through once."""

    def __init__(self) -> None:
        self.packages: set[str] = {"streamhw"}
        self._known: dict[int, tuple[bytes, Any]] = {}  # the value, so that its id stays its own

    def digest(self, value: Any) -> bytes:
        if type(value) in PLAIN:
            return _hash(type(value).__name__, repr(value).encode())
        if id(value) not in self._known:
            self._known[id(value)] = self._of(value), value
        return self._known[id(value)][0]

    def _of(self, value: Any) -> bytes:
        if isinstance(value, type | FunctionType):
            return _hash("named", self._name(value))
        kind = self._name(type(value)).decode()
        if isinstance(value, Enum):
            return _hash(kind, value.name.encode())
        if is_dataclass(value):
            return _hash(kind, *(self.digest(getattr(value, f.name)) for f in fields(value)))
        if isinstance(value, tuple | list):
            return _hash(kind, *map(self.digest, value))
        if isinstance(value, set | frozenset):
            return _hash(kind, *sorted(map(self.digest, value)))
        if isinstance(value, Mapping):
            return _hash(kind, *(self.digest(each) for item in value.items() for each in item))
        if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
            return _hash(kind, str(value.dtype).encode(), repr(value.shape).encode(),
                         value.tobytes())  # fmt: skip
        if isinstance(value, Path):
            return _hash(kind, str(value).encode())
        raise _NotPlainError(kind)

    def _name(self, thing: Any) -> bytes:
        if "<" in thing.__qualname__ or getattr(thing, "__closure__", None):
            raise _NotPlainError(thing.__qualname__)
        self.packages.add(thing.__module__.partition(".")[0])
        return f"{thing.__module__}.{thing.__qualname__}".encode()


def _hash(kind: str, *parts: bytes) -> bytes:
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


@cache
def _source(package: str) -> bytes:
    """Digest of the source of a package; the standard library's and numpy's are not looked at."""
    if package in ("builtins", "collections", "enum", "numpy", "pathlib", "types"):
        return b""
    try:
        spec = find_spec(package)
    except ValueError:  # such as __main__
        spec = None
    if spec is None or spec.origin is None:
        raise _NotPlainError(package)
    folders = spec.submodule_search_locations
    files = (
        [file for folder in folders for file in sorted(Path(folder).rglob("*.py"))]
        if folders
        else [Path(spec.origin)]
    )
    return _hash(package, *(file.read_bytes() for file in files))
