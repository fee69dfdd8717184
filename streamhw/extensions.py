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
    return tuple(_checked(extension, kind) for extension in _loaded(group, tuple(sys.path)))


@functools.lru_cache(maxsize=64)
def _loaded(group: str, path: tuple[str, ...]) -> tuple[Extension[object], ...]:
    """``path`` is part of the key only: what is installed depends on it."""
    found = sorted(entry_points(group=group), key=lambda point: (point.name, point.value))
    return tuple(_load(point) for point in found)


def _load(point: EntryPoint) -> Extension[object]:
    package = "?" if point.dist is None else point.dist.name
    try:
        return Extension(point.name, package, point.load())
    except Exception as error:  # whatever a module of somebody else raises
        raise UserError(
            f"Entry point {point.name} of package {package} must load, not fail with "
            f"{type(error).__name__}: {error}",
            hint=f"mend or remove {package}",
        ) from error


def _checked(extension: Extension[object], kind: type[T]) -> Extension[T]:
    name, package, value = extension.name, extension.package, extension.value
    if not isinstance(value, kind):
        raise UserError(
            f"Entry point {name} of package {package} must be of type {kind.__name__}, not "
            f"{type(value).__name__}",
            hint=f"mend or remove {package}",
        )
    return Extension(name, package, value)


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
