# SPDX-License-Identifier: Apache-2.0
"""The archive for Vivado: top, pins and script, compared with the board; and what is refused."""

import re
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.api.build import Build
from streamhw.boards.base import load_board
from streamhw.errors import UserError
from streamhw.vivado.flow import FOLDER, check_vivado, make_vivado
from tests.vitis.tcl import commands


def test_an_archive(arty: Build) -> None:
    files = {file.name: file for file in make_vivado(arty.folder)}
    assert {"board.v", "board.xdc", "board.tcl", "build_board.sh", "mig.prj", "top.v"} <= set(files)
    assert all(file.parent == arty.folder / FOLDER for file in files.values())
    assert files["top.v"].read_bytes() == arty.verilog.read_bytes()
    top = files["board.v"].read_text()
    assert re.search(r"^module board\(", top, re.M) and re.search(r"^  top top \(", top, re.M)
    before = {file: file.stat().st_mtime_ns for file in files.values()}
    make_vivado(arty.folder)
    assert {file: file.stat().st_mtime_ns for file in files.values()} == before


def test_pins_are_those_of_the_board(arty: Build) -> None:
    make_vivado(arty.folder)
    lines = commands((arty.folder / FOLDER / "board.xdc").read_text())
    balls = {line[3]: line[2] for line in lines if line[:2] == ["set_property", "LOC"]}
    assert len(balls) == 48 + 1 + 2 + 4  # DDR3, clock, UART, lamps
    assert len(set(balls.values())) == len(balls)
    assert balls['[get_ports "clk100_0__io"]'] == "E3"
    assert balls['[get_ports "uart_0__tx__io"]'] == "D10"
    clocks = [line for line in lines if line[0] == "create_clock"]
    assert len(clocks) == 1 and clocks[0][clocks[0].index("-period") + 1] == "10.0"


def test_the_script(arty: Build) -> None:
    make_vivado(arty.folder)
    lines = commands((arty.folder / FOLDER / "board.tcl").read_text())
    named = [line[0] for line in lines]
    order = ["create_project", "read_xdc", "create_ip", "synth_ip", "synth_design", "place_design"]
    order += ["route_design", "write_bitstream"]
    assert [named.index(name) for name in order] == sorted(named.index(name) for name in order)
    project = lines[named.index("create_project")]
    assert project[-1] == arty.board.part == "xc7a100ticsg324-1L"
    added = [line[1] for line in lines if line[0] == "add_files"]
    assert added == ["top.v", "board.v"]
    created = lines[named.index("create_ip")]
    assert created[created.index("-module_name") + 1] == "mig"
    told = ["set_property", "CONFIG.XML_INPUT_FILE", "[file normalize mig.prj]", "[get_ips mig]"]
    assert told in lines
    assert lines[named.index("synth_design")][1:3] == ["-top", "board"]


def test_boards_that_have_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=r"Board u55c must have parts for Vivado \(pins, memory"):
        check_vivado(load_board("u55c"))
    command = ["build", "gpt2-shakespeare", "--board", "sim", "--package", "vivado"]
    assert main([*command, "-o", str(tmp_path / "build")]) == 2
    assert "Board sim must have parts for Vivado" in capsys.readouterr().err
    with pytest.raises(UserError, match="BUILD must be a folder that `build` wrote"):
        make_vivado(tmp_path)
