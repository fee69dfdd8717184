# SPDX-License-Identifier: Apache-2.0
"""Levels as JSON and back: plain data only, so that reading a file runs nothing that it says.

A file is a table of objects, each once, in an order in which what it refers to stands before it::

    {"types": ["streamhw.stream.spec:Port", ...], "objects": [[0, {"name": "i", ...}], ...]}

A value of a field is a number, a text, null, a list (a tuple), ``{"#": 3}`` (an object of the
table), ``{"map": [[key, value], ...]}``, ``{"ratio": [9, 16]}``, or a formula of a module,
``{"function": "module:name"}``, which reading names and does not call.
"""

import dataclasses
import importlib
import json
from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from importlib.metadata import entry_points
from types import FunctionType
from typing import Any, TypeVar

from ...frozen_map import FrozenMap
from ...json_file import parse_json

__all__ = ["dumps", "loads"]

T = TypeVar("T")

VERSION = 2
READING = (ArithmeticError, AttributeError, ImportError, LookupError, RecursionError, TypeError)
"""What comes of values that another version wrote, or nobody."""
OURS = __name__.partition(".")[0]


def dumps(level: object) -> str:
    """The text of a level: equal levels have equal texts.

    Raises ``ValueError`` for what is not plain data.
    """
    writer = _Writer()
    root = writer.value(level)
    body = {"types": list(writer.types), "objects": writer.objects, "root": root}
    return json.dumps({"version": VERSION, **body}, separators=(",", ":")) + "\n"


def loads(kind: type[T], text: str | bytes) -> T:
    """The level that ``dumps`` wrote; raises ``ValueError`` if the text is of another version, not
    a ``kind``, or damaged."""
    data = parse_json(text)
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise ValueError(f"Level must be written in version {VERSION}")
    try:
        level = _Reader(data).root()
    except READING as error:
        said = f"{type(error).__name__}: {error}"
        raise ValueError(f"Level must have what its types have, but: {said}") from None
    if not isinstance(level, kind):
        raise ValueError(f"Level must be a {kind.__name__}, not a {type(level).__name__}")
    return level


class _Writer:
    def __init__(self) -> None:
        self.types: dict[str, int] = {}
        self.objects: list[Any] = []
        self._known: dict[Any, int] = {}

    def value(self, value: object) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, tuple):
            return [self.value(item) for item in value]
        if isinstance(value, Mapping):
            return {"map": [[self.value(k), self.value(v)] for k, v in value.items()]}
        if isinstance(value, Fraction):
            return {"ratio": list(value.as_integer_ratio())}
        if isinstance(value, Enum):
            return self._object(value, lambda: value.value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._object(value, lambda: self._fields(value))
        if isinstance(value, FunctionType) and value.__qualname__.isidentifier():
            return {"function": f"{value.__module__}:{value.__qualname__}"}
        raise ValueError(f"Level must hold plain data, not a {type(value).__name__}")

    def _fields(self, value: Any) -> dict[str, Any]:
        fields = (field for field in dataclasses.fields(value) if field.init)
        return {field.name: self.value(getattr(value, field.name)) for field in fields}

    def _object(self, value: Any, content: Any) -> dict[str, int]:
        kind = type(value)
        # Numbers that are equal may be of two types: texts tell them apart.
        key = (kind, repr(value))
        if key not in self._known:
            made = content()
            name = f"{kind.__module__}:{kind.__qualname__}"
            number = self.types.setdefault(name, len(self.types))
            self.objects.append([number, made])
            self._known[key] = len(self.objects) - 1
        return {"#": self._known[key]}


class _Reader:
    def __init__(self, body: Any):
        self._body = body
        self._types = [_type(name) for name in body["types"]]
        self._made: list[Any] = []

    def root(self) -> Any:
        for number, content in self._body["objects"]:
            kind = self._types[number]
            if issubclass(kind, Enum):
                self._made.append(kind(content))
            else:
                fields = {name: self._value(item) for name, item in content.items()}
                self._made.append(kind(**fields))
        return self._value(self._body["root"])

    def _value(self, item: Any) -> Any:
        if isinstance(item, list):
            return tuple(self._value(each) for each in item)
        if isinstance(item, dict):
            if "map" in item:
                return FrozenMap({self._value(k): self._value(v) for k, v in item["map"]})
            if "ratio" in item:
                return Fraction(*item["ratio"])
            return _function(item["function"]) if "function" in item else self._made[item["#"]]
        return item


def _type(name: str) -> type[Any]:
    """A class of plain data of this package or of an installed extension, and nothing else."""
    found = _named(name)
    if not isinstance(found, type) or not (
        dataclasses.is_dataclass(found) or issubclass(found, Enum)
    ):
        raise ValueError(f"Level must hold plain data, not {name}")
    return found


def _function(name: str) -> FunctionType:
    found = _named(name)
    if not isinstance(found, FunctionType):
        raise ValueError(f"Level must name a function of a module, not {name}")
    return found


def _named(name: str) -> Any:
    module, _, path = name.partition(":")
    package = module.partition(".")[0]
    if package != OURS and package not in _extensions():
        raise ValueError(f"Level must hold what {OURS} and its extensions have, not {name}")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def _extensions() -> frozenset[str]:
    """Packages that are installed as extensions."""
    groups = (group for group in entry_points().groups if group.startswith(f"{OURS}."))
    points = (point for group in groups for point in entry_points(group=group))
    return frozenset(point.module.partition(".")[0] for point in points)
