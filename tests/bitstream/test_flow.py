# SPDX-License-Identifier: Apache-2.0
"""From a build to a bitstream: what the tools get, and what is refused before they run."""

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.api.build import Build
from streamhw.bitstream.flow import FOLDER, PLACED_FILE, check_flow, make_bitstream, platform_of
from streamhw.boards.base import Family, load_board
from streamhw.errors import DoesNotFitError, ToolError, UserError

ULX3S = load_board("ulx3s")
CLOCK = ULX3S.clock_mhz


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Programs that take the flow's options, and a clock that the placed design reaches."""

    def program(name: str, code: str) -> None:
        head = "import sys, json; after = lambda o: sys.argv[sys.argv.index(o) + 1]\n"
        (tmp_path / f"{name}.py").write_text(head + code)
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {tmp_path / name}.py "$@"\n'
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)

    def make(reached: float) -> None:
        program("yosys", "open('board.json', 'w').write(open('board.ys').read())")
        report = {
            "fmax": {"$glbnet$clk": {"achieved": reached, "constraint": CLOCK}},
            "utilization": {},
            "critical_paths": [],
        }
        program(
            "nextpnr-ecp5",
            f"json.dump({report}, open(after('--report'), 'w'))\n"
            "open(after('--textcfg'), 'w').write(open(after('--lpf')).read())",
        )
        program("ecppack", "open(after('--bit'), 'w').write('bits')")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return make


def test_a_bitstream_and_what_it_was_made_from(
    small: Build, tools: Callable[[float], None]
) -> None:
    tools(60.0)
    placed = make_bitstream(small.folder)
    work = small.folder / FOLDER
    assert placed.met and (work / "board.bit").read_text() == "bits"
    assert json.loads((work / PLACED_FILE).read_text())["clocks"][0]["reached"] == 60.0
    constraints = (work / "board.lpf").read_text()
    assert f'FREQUENCY NET "clock_sync" {CLOCK * 1e6} HZ' in constraints
    assert f'FREQUENCY NET "clock_sdram" {2 * CLOCK * 1e6} HZ' in constraints
    assert constraints.count("LOCATE COMP") == 1 + 39 + 2 + 8  # clock, SDRAM, UART, lamps
    assert (work / "top.v").read_bytes() == small.verilog.read_bytes()
    assert "read_verilog  top.v" in (work / "board.ys").read_text()
    before = (work / "board.json").stat().st_mtime_ns
    make_bitstream(small.folder)
    assert (work / "board.json").stat().st_mtime_ns == before


def test_a_clock_that_is_not_reached(small: Build, tools: Callable[[float], None]) -> None:
    tools(48.25)
    sentence = rf"must run at {CLOCK} MHz \(clock sync of board ulx3s\), but reaches 48\.2 MHz"
    with pytest.raises(DoesNotFitError, match=sentence):
        make_bitstream(small.folder)
    assert (small.folder / FOLDER / "board.bit").is_file()


def test_boards_without_a_flow() -> None:
    with pytest.raises(UserError, match="Board sim must have parts"):
        check_flow(load_board("sim"))
    with pytest.raises(UserError, match="for a bitstream: ECP5, not ULTRASCALE_PLUS"):
        check_flow(replace(ULX3S, family=Family.ULTRASCALE_PLUS))


def test_platforms_that_are_not_there() -> None:
    assert ULX3S.parts is not None
    with pytest.raises(ToolError, match="needs the platform no_such_module:Board"):
        platform_of(replace(ULX3S.parts, platform="no_such_module:Board"))
    with pytest.raises(UserError, match="there is no Board in amaranth_boards"):
        platform_of(replace(ULX3S.parts, platform="amaranth_boards.ulx3s:Board"))
