# SPDX-License-Identifier: Apache-2.0
"""Records as lines: every field is there, and what comes back is what went out."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from streamhw.commands.records.answers import TokenRecord
from streamhw.commands.records.record import ErrorRecord, Record, WarningRecord, line_of
from streamhw.commands.records.schema import COMMANDS, record_of


def test_a_line_has_all_fields_in_ascii() -> None:
    record = TokenRecord(number=0, token=7, text="é\n\u2028", cycles=None)
    line = line_of(record)
    assert line.isascii() and len(line.splitlines()) == 1
    found = json.loads(line)
    assert list(found) == ["record", "number", "token", "text", "cycles"]
    assert found["record"] == "token" and found["cycles"] is None
    assert record_of(line) == record


def test_numbers_of_numpy_are_numbers() -> None:
    line = line_of(TokenRecord(number=np.int64(3), token=np.uint8(7), text="", cycles=2))
    assert json.loads(line)["number"] == 3 and json.loads(line)["token"] == 7


@dataclass(frozen=True, kw_only=True)
class Odd(Record):
    kind = "odd"
    value: object


@pytest.mark.parametrize(
    ("value", "says"),
    [(float("nan"), "not JSON compliant"), (b"x", "must be plain data, not a bytes")],
)
def test_what_is_no_data_is_refused(value: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        line_of(Odd(value=value))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"record": "nothing"}', "must be an object with a known record"),
        ("[]", "must be an object with a known record"),
        ('{"record": "warning"}', "must have a field text, and it has none"),
        ('{"record": "warning", "text": 3}', "text must be a str, not 3"),
        ('{"record": "warning", "text": "", "more": 1}', "must have the fields text, not more"),
    ],
)
def test_lines_are_checked(line: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        record_of(line)


def test_kinds_have_one_name_each() -> None:
    kinds = [kind.kind for kinds in COMMANDS.values() for kind in kinds]
    assert len(kinds) == len(set(kinds)) and {WarningRecord.kind, ErrorRecord.kind} <= set(kinds)
