# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses as JSON and back: data only, checked against the types of the fields."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import numpy as np

__all__ = ["decode", "encode"]

T = TypeVar("T")


def encode(value: object) -> Any:
    """What ``json.dumps`` takes; fields at their defaults are left out, so that files stay short
    and fields added later do not change them.

    Raises ``ValueError`` for what is no dataclass, enumeration, sequence, mapping or number.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: encode(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init and not _is_default(field, getattr(value, field.name))
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"Value must be plain data, not a {type(value).__name__}")


def decode(kind: type[T], data: object, where: str = "") -> T:
    """The value of type ``kind`` that ``encode`` wrote.

    Raises ``ValueError`` that says where something is missing, unknown or of another type, and
    what the dataclass itself refuses.
    """
    return typing.cast(T, _decode(kind, data, where))


def _decode(kind: Any, data: Any, where: str) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _one_of(inner, data, where)
    if kind is type(None):
        return _checked(data is None, data, "null", where)
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast(type, kind), data, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        values = [item.value for item in kind]
        return kind(_checked(data in values, data, f"one of {values}", where))
    if origin is tuple:
        _checked(isinstance(data, list), data, "a list", where)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_decode(inner[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        _checked(len(data) == len(inner), data, f"{len(inner)} values", where)
        pairs = zip(inner, data, strict=True)
        return tuple(_decode(each, item, f"{where}[{i}]") for i, (each, item) in enumerate(pairs))
    if origin is not None and issubclass(origin, Mapping):
        _checked(isinstance(data, dict), data, "an object", where)
        return {key: _decode(inner[1], item, _below(where, key)) for key, item in data.items()}
    if kind is float:
        number = isinstance(data, int | float) and not isinstance(data, bool)
        return float(_checked(number, data, "a number", where))
    if kind is int:
        whole = isinstance(data, int) and not isinstance(data, bool)
        return _checked(whole, data, "an integer", where)
    if kind in (str, bool):
        return _checked(isinstance(data, kind), data, f"a {kind.__name__}", where)
    raise ValueError(f"{where} must have a type that can be read, not {kind}")


def _one_of(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    said = []
    for kind in kinds:
        try:
            return _decode(kind, data, where)
        except ValueError as error:
            said.append(str(error))
    raise ValueError(said[0] if len(said) == 1 or data is not None else said[-1])


def _dataclass(kind: type, data: Any, where: str) -> Any:
    _checked(isinstance(data, dict), data, "an object", where)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    if unknown := sorted(set(data) - set(fields)):
        raise ValueError(
            f"{where or kind.__name__} must have the fields {', '.join(fields)}, not {unknown[0]}"
        )
    for name, field in fields.items():
        bare = field.default is field.default_factory is dataclasses.MISSING
        if bare and name not in data:
            raise ValueError(f"{where or kind.__name__} must have a field {name}, and it has none")
    given = {name: _decode(hints[name], data[name], _below(where, name)) for name in data}
    return kind(**given)


def _is_default(field: "dataclasses.Field[Any]", value: object) -> bool:
    if field.default is not dataclasses.MISSING:
        return bool(field.default == value) and type(field.default) is type(value)
    if field.default_factory is not dataclasses.MISSING:
        return bool(field.default_factory() == value)
    return False


def _checked(holds: bool, data: Any, wanted: str, where: str) -> Any:
    if not holds:
        raise ValueError(f"{where} must be {wanted}, not {data!r:.60}")
    return data


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
