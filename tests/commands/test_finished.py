# SPDX-License-Identifier: Apache-2.0
"""A build in place of a model: taken as it is, told to scripts, and without choices beside it."""

import json
from pathlib import Path

import pytest

import streamhw
from streamhw.commands.build import BuildRequest
from streamhw.commands.console import ScriptConsole
from streamhw.commands.finished import finished_build, finished_folder
from streamhw.errors import UserError
from tests.tiny import write_tiny

CONFIG = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, and its build in the folder ``out``."""
    home = tmp_path_factory.mktemp("finished")
    streamhw.build(write_tiny(home / "tiny"), "sim", CONFIG, folder=home / "out")
    return home


def test_a_model_is_none(home: Path) -> None:
    for name in (str(home / "tiny"), "gpt2", str(home)):
        request = BuildRequest(model=name, context=16)
        assert finished_folder(request) is None
        assert finished_build(request, ScriptConsole()) is None


@pytest.mark.parametrize("told", [True, False])
def test_a_build(home: Path, told: bool, capsys: pytest.CaptureFixture[str]) -> None:
    request = BuildRequest(model=str(home / "out"))
    assert finished_folder(request) == home / "out"
    built = finished_build(request, ScriptConsole(), told=told)
    assert built is not None and built.model.name == "tiny" and built.config == CONFIG
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["record"], r["reused"]) for r in records] == ([("build", True)] if told else [])


def test_choices_are_those_of_the_build(home: Path) -> None:
    for request in (
        BuildRequest(model=str(home / "out"), board="u50"),
        BuildRequest(model=str(home / "out"), output=home / "out"),
        BuildRequest(model=str(home / "out"), begin="place"),
        BuildRequest(model=str(home / "out"), config=CONFIG),
    ):
        with pytest.raises(UserError, match="Choices of a design must come with a model, not"):
            finished_build(request, ScriptConsole())
