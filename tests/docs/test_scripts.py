# SPDX-License-Identifier: Apache-2.0
"""docs/scripts.md is the schema: its tables have the fields and types of all records."""

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from streamhw.__main__ import main
from streamhw.commands.records.record import Record
from streamhw.commands.records.schema import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "scripts.md").read_text()
NAMES = {
    "Cells": "cells",
    "CellsUsed": "cells used",
    "ChannelUse": "channel",
    "EdgeSection": "section",
    "FileSize": "file",
    "PlacedClock": "clock",
    "Score": "score",
}
"""How the page calls the objects in members."""
PLAIN = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}


def told(hint: Any) -> str:
    """A type in the words of JSON."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(told, inner))
    if origin is tuple:
        return f"array of {told(inner[0])}s"
    if origin is not None and issubclass(origin, Mapping):
        return f"object of {told(inner[1])}s"
    return "object" if dataclasses.is_dataclass(hint) else PLAIN[hint]


def members(kind: type) -> dict[str, str]:
    hints = typing.get_type_hints(kind)
    return {f.name: told(hints[f.name]) for f in dataclasses.fields(kind)}


def table_after(words: str) -> dict[str, str]:
    """Members and types of the first table behind these words."""
    lines = PAGE[PAGE.index(words) :].splitlines()
    begin = lines.index("| member | type | meaning, unit |")
    found = {}
    for line in lines[begin + 2 :]:
        row = re.fullmatch(r"\| `(\w+)` \| ([^|]+) \| [^|]+ \|", line)
        if row is None:
            break
        found[row[1]] = row[2]
    return found


def inside(hint: Any) -> Iterator[type]:
    """Objects in a type."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for inner in typing.get_args(hint):
        yield from inside(inner)


RECORDS = [kind for kinds in COMMANDS.values() for kind in kinds]


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.kind)
def test_records(kind: type[Record]) -> None:
    assert table_after(f"\n`{kind.kind}`: ") == members(kind)


def test_objects_in_records() -> None:
    hints = [hint for kind in RECORDS for hint in typing.get_type_hints(kind).values()]
    kinds = {kind for hint in hints for kind in inside(hint)}
    assert {kind.__name__ for kind in kinds} == set(NAMES)
    for kind in kinds:
        assert table_after(f"\n*{NAMES[kind.__name__]}*\n") == members(kind)


@pytest.mark.parametrize("command", [name for name in COMMANDS if " " not in name])
def test_every_command_takes_the_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"\n### `{command}`\n" in PAGE
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--json" in capsys.readouterr().out
