# SPDX-License-Identifier: Apache-2.0
"""Records for scripts: dataclasses, each printed as a JSON object on one line."""

import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from numbers import Integral, Real
from typing import Any, ClassVar

__all__ = ["ErrorRecord", "Record", "WarningRecord", "line_of"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """One object. Its fields are the schema, of which docs/scripts.md is the text: fields may be
    added, but none changes its type, unit or meaning, and none goes.

    kind: what stands in the member ``record``
    """

    kind: ClassVar[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ErrorRecord(Record):
    """Why a command ended with an exit code that is not 0; always the last line."""

    kind = "error"
    error: str
    hint: str | None
    exit_code: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class WarningRecord(Record):
    """What a user should not pass over; the command goes on."""

    kind = "warning"
    text: str


def line_of(record: Record) -> str:
    """The object, all fields of it, without a line end. ASCII: it survives every locale.

    Raises ``ValueError`` for a number that JSON has not, or what is no plain data.
    """
    return json.dumps({"record": record.kind, **_plain(record)}, allow_nan=False)


def _plain(value: object) -> Any:
    """What ``json.dumps`` takes. Unlike in files of streamhw, fields at their defaults stay."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):  # those of numpy, too
        return float(value)
    raise ValueError(f"Value of a record must be plain data, not a {type(value).__name__}")
