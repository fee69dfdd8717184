# SPDX-License-Identifier: Apache-2.0
"""Commands with ``--json``, whose standard output is checked line by line."""

from typing import TypeVar

import pytest

from streamhw.__main__ import main
from streamhw.commands.records.record import Record, line_of
from streamhw.commands.records.schema import record_of

__all__ = ["only", "said"]

R = TypeVar("R", bound=Record)


def said(capsys: pytest.CaptureFixture[str], *typed: object) -> tuple[int, list[Record]]:
    """The exit code and the records: every line is one, with all fields and no other."""
    capsys.readouterr()
    code = main([*map(str, typed), "--json"])
    lines = capsys.readouterr().out.splitlines()
    records = [record_of(line) for line in lines]
    assert [line_of(record) for record in records] == lines
    return code, records


def only(kind: type[R], records: list[Record]) -> R:
    """The one record of a kind."""
    (found,) = (record for record in records if isinstance(record, kind))
    return found
