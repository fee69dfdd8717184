# SPDX-License-Identifier: Apache-2.0
"""What installed packages add to streamhw through entry points."""

import functools
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from .errors import UserError

__all__ = ["Extension", "combined", "extensions"]

T = TypeVar("T")


@dataclass(frozen=True)
class Extension(Generic[T]):
    """A value that an entry point names, and the package that it comes from."""

    name: str
    package: str
    value: T


def extensions(group: str, kind: type[T]) -> tuple[Extension[T], ...]:
    """What installed packages offer in a group of entry points, in the order of their names.

    Raises ``UserError`` if an entry point cannot be loaded or is not of that kind.
    """
    return _loaded(group, kind, tuple(sys.path))


@functools.lru_cache(maxsize=64)
def _loaded(group: str, kind: type[T], path: tuple[str, ...]) -> tuple[Extension[T], ...]:
    """``path`` is part of the key only: what is installed depends on it."""
    found = sorted(entry_points(group=group), key=lambda point: (point.name, point.value))
    return tuple(_load(point, kind) for point in found)


def _load(point: EntryPoint, kind: type[T]) -> Extension[T]:
    package = "?" if point.dist is None else point.dist.name
    where = f"Entry point {point.name} of package {package}"
    try:
        value = point.load()
    except Exception as error:  # whatever a module of somebody else raises
        raise UserError(
            f"{where} must load, not fail with {type(error).__name__}: {error}",
            hint=f"mend or remove {package}",
        ) from error
    if not isinstance(value, kind):
        raise UserError(
            f"{where} must be of type {kind.__name__}, not {type(value).__name__}",
            hint=f"mend or remove {package}",
        )
    return Extension(point.name, package, value)


def combined(
    what: str, built_in: Mapping[str, T], added: Iterable[tuple[str, Extension[T]]]
) -> dict[str, T]:
    """Built-in values and those of packages, by name.

    what: the noun of the message; added: the name of each, and where it comes from

    Raises ``UserError`` if two have one name.
    """
    found = dict(built_in)
    owners = dict.fromkeys(built_in, "streamhw")
    for name, extension in added:
        if name in found:
            raise UserError(
                f"{what} {name} must come from one package, not from {owners[name]} and "
                f"{extension.package}",
                hint=f"remove {extension.package}",
            )
        found[name], owners[name] = extension.value, extension.package
    return found
