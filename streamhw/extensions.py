# SPDX-License-Identifier: Apache-2.0
"""What installed packages add to streamhw through entry points."""

import functools
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeVar

from .errors import UserError

__all__ = ["Extension", "combined", "extension_files", "extensions", "find"]

T = TypeVar("T")


@dataclass(frozen=True)
class Extension(Generic[T]):
    """What an entry point names, and the package that it comes from; nothing is imported before
    ``value`` is asked for, so that a broken package stops only what uses it."""

    name: str
    package: str
    point: EntryPoint
    kind: type[T]

    @property
    def value(self) -> T:
        """Raises ``UserError`` if the entry point cannot be loaded or is not of its kind."""
        try:
            value = self.point.load()
        except (Exception, SystemExit) as error:  # whatever a module of somebody else raises
            raise UserError(
                f"Entry point {self.name} of package {self.package} must load, not fail with "
                f"{type(error).__name__}: {error}",
                hint=f"mend or remove {self.package}",
            ) from error
        if not isinstance(value, self.kind):
            raise UserError(
                f"Entry point {self.name} of package {self.package} must be of type "
                f"{self.kind.__name__}, not {type(value).__name__}",
                hint=f"mend or remove {self.package}",
            )
        return value


def extensions(group: str, kind: type[T]) -> tuple[Extension[T], ...]:
    """What installed packages offer in a group of entry points, in the order of their names."""
    return tuple(
        Extension(point.name, "?" if point.dist is None else point.dist.name, point, kind)
        for point in _points(group, tuple(sys.path))
    )


@functools.lru_cache(maxsize=64)
def _points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """``path`` is part of the key only: what is installed depends on it."""
    return tuple(sorted(entry_points(group=group), key=lambda point: (point.name, point.value)))


def find(
    what: str, name: str, built_in: Collection[str], added: Iterable[Extension[T]]
) -> Extension[T] | None:
    """The extension of that name, if a package offers it.

    what: the noun of the message; built_in: names that ship with streamhw

    Raises ``UserError`` if two have the name: which of them is meant must not depend on the order
    of a path.
    """
    found = [extension for extension in added if extension.name == name]
    owners = ["streamhw"] * (name in built_in) + sorted(extension.package for extension in found)
    if len(owners) > 1:
        raise UserError(
            f"{what} {name} must come from one package, not from {owners[0]} and {owners[1]}",
            hint=f"remove {owners[1]}",
        )
    return found[0] if found else None


def extension_files() -> tuple[Path, ...]:
    """The Python files of all packages that add to streamhw, in order; nothing is imported."""
    files: set[Path] = set()
    points = (point for distribution in distributions() for point in distribution.entry_points)
    for point in points:
        if point.group.startswith("streamhw."):
            spec = find_spec(point.module.partition(".")[0])
            if spec is not None and spec.submodule_search_locations:
                for folder in spec.submodule_search_locations:
                    files.update(Path(folder).rglob("*.py"))
            elif spec is not None and spec.origin is not None:
                files.add(Path(spec.origin))
    return tuple(sorted(files))


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
