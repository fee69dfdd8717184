# SPDX-License-Identifier: Apache-2.0
"""What an argument may be: names of what is installed, choices, stages."""

from argparse import Action, ArgumentParser
from pathlib import Path

import pytest

from streamhw.__main__ import parser
from streamhw.cli.completion_values import BUILDS, FILES, commands_of, positionals, values
from streamhw.cli.options import path
from streamhw.frontend import model_names
from tests.packages import install


def action_of(command: ArgumentParser, dest: str) -> Action:
    return next(action for action in command._actions if action.dest == dest)


def test_values() -> None:
    run = commands_of(parser())["run"]
    assert values(action_of(run, "model")) == list(model_names())
    assert values(action_of(run, "fifo")) == ["normal", "conservative"]
    assert {"quantize", "place"} <= set(values(action_of(run, "begin")))
    assert values(action_of(run, "tokens")) == []


def test_boards_of_packages_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "added", "X = object()", board="mine = added:X")
    assert {"sim", "mine"} <= set(values(action_of(commands_of(parser())["run"], "board")))


def test_arguments_that_are_no_options() -> None:
    commands = commands_of(parser())
    assert [action.dest for action in positionals(commands["explain"])] == ["folder", "edge"]
    assert positionals(parser()) == []


def test_every_path_is_completed() -> None:
    """Whatever an option reads as a path is a file or a build for the shells."""
    paths = {
        action.dest
        for command in commands_of(parser()).values()
        for action in command._actions
        if action.type is path
    }
    assert paths and paths <= FILES | BUILDS
