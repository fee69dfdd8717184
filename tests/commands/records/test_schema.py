# SPDX-License-Identifier: Apache-2.0
"""The schema has every command, and each kind of record once."""

from streamhw.__main__ import parser
from streamhw.cli.completion_values import commands_of
from streamhw.commands.records.schema import COMMANDS


def test_every_command_has_its_records() -> None:
    assert COMMANDS.keys() == {*commands_of(parser()), "any command"}
    assert all(COMMANDS.values())


def test_a_kind_is_of_one_record() -> None:
    kinds = [record.kind for records in COMMANDS.values() for record in records]
    assert len(set(kinds)) == len(kinds)
