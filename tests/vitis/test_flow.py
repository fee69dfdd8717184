# SPDX-License-Identifier: Apache-2.0
"""The folder of a package: what is in it, what is not written again, and what is refused."""

import ast
import json
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.api.build import Build
from streamhw.boards.base import load_board
from streamhw.commands.console import ScriptConsole
from streamhw.commands.package import package
from streamhw.commands.records.designs import PackageRecord
from streamhw.commands.records.schema import record_of
from streamhw.errors import UserError
from streamhw.vitis.flow import FOLDER, HOST_FILES, check_vitis, make_vitis

TEXTS = {"kernel.xml", "package.tcl", "constraints.xdc", "link.cfg", "floorplan.tcl", "Makefile"}
HOST = {"host/card.json", "host/design.h", *(f"host/{name}" for name in HOST_FILES)}


def test_what_a_package_holds(card: Build) -> None:
    files = make_vitis(card.folder)
    place = card.folder / FOLDER
    names = {str(file.relative_to(place)) for file in files}
    assert names == TEXTS | HOST | {"rtl/top.v", "rtl/streamhw.v"}
    assert (place / "rtl/top.v").read_bytes() == card.verilog.read_bytes()
    assert json.loads((place / "host/card.json").read_text()) == {
        "kernel": "streamhw",
        "banks": ["HBM[3]", "HBM[17]"],
    }
    ast.parse((place / "host/answer.py").read_text())


def test_what_is_equal_keeps_its_time(card: Build) -> None:
    """Or make would link for hours again."""
    files = make_vitis(card.folder)
    before = {file: file.stat().st_mtime_ns for file in files}
    (card.folder / FOLDER / "link.cfg").write_text("changed")
    assert make_vitis(card.folder) == files
    changed = {file.name for file in files if file.stat().st_mtime_ns != before[file]}
    assert changed == {"link.cfg"}


def test_what_scripts_are_told(card: Build, capsys: pytest.CaptureFixture[str]) -> None:
    files = package("vitis", card.folder, ScriptConsole())
    (line,) = capsys.readouterr().out.splitlines()
    found = record_of(line)
    assert isinstance(found, PackageRecord)
    assert (found.flow, found.folder) == ("vitis", str(card.folder / FOLDER))
    assert {(Path(file.file), file.bytes) for file in found.files} == {
        (file, file.stat().st_size) for file in files
    }


def test_boards_and_builds_that_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="Board sim must be a card of Vitis"):
        check_vitis(load_board("sim"), 128)
    with pytest.raises(UserError, match="must be at most 8192 tokens"):
        check_vitis(load_board("u50"), 1 << 14)
    with pytest.raises(UserError, match="BUILD must be a folder that `build` wrote"):
        make_vitis(tmp_path)
    for options, says in (
        (["--board", "ulx3s"], "Board ulx3s must be a card of Vitis"),
        (["--board", "u55c", "--stop", "tile"], "Option --package must come without --stop"),
    ):
        command = ["build", "gpt2-shakespeare", *options, "--package", "vitis"]
        assert main([*command, "-o", str(tmp_path / "build")]) == 2
        assert says in capsys.readouterr().err
    assert not (tmp_path / "build").exists()
