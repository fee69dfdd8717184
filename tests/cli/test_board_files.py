# SPDX-License-Identifier: Apache-2.0
"""A board of a file with a memory system of its own: built, run, and read without the file."""

import json
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.compiler.backend.build_dir import read_build
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.synthesis import synthesize
from streamhw.synthesis.fanout import FanOut
from streamhw.synthesis.levels import Levels
from streamhw.synthesis.mapping import MappedModule
from streamhw.synthesis.modules import Modules
from tests.tiny import write_tiny

BOARD = """
from dataclasses import dataclass, replace
from fractions import Fraction

from streamhw.boards.memory.constant import ConstantChannel
from streamhw.boards.memory.times import MemoryTimes
from streamhw.boards.sim import BOARD

{decorator}
class Slow:
    name{annotation} = "slow"

    def times(self, port, ports, clock_mhz):
        return MemoryTimes(rate=0.5 * port.beats_per_cycle)

    def channel(self, port, clock_mhz):
        return ConstantChannel(latency=port.latency, bandwidth=Fraction(1, 2))

BOARD = replace(BOARD, name="mine", title="My board", memory=Slow())
"""
PLAIN = BOARD.format(decorator="", annotation="")
DATA = BOARD.format(decorator="@dataclass(frozen=True)", annotation=": str")


@pytest.mark.parametrize("text", [PLAIN, DATA], ids=["class", "dataclass"])
def test_a_board_of_a_file(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    board = tmp_path / "elsewhere" / "mine.py"
    board.parent.mkdir()
    board.write_text(text)
    choices = [str(write_tiny(tmp_path / "tiny")), "--quant", "w8a8", "--multipliers", "32"]
    choices += ["--board", str(board), "-o", "out"]
    run = ["run", *choices, "--prompt", "5 9 33", "--tokens", "3", "--check"]
    assert main(run) == 0
    assert "memory used" in (shown := capsys.readouterr().out) and "slow:" in shown
    assert main(run) == 0 and "Reusing the build" in capsys.readouterr().out
    board.write_text(text.replace("0.5 *", "0.25 *"))  # another answer: another build
    assert main(["build", *choices]) == 0 and main(run) == 0
    board.unlink()
    capsys.readouterr()
    assert main(["report", "out"]) == 0 and "My board" in Path("out/report.html").read_text()
    assert main(["explain", "out", "residual_1_i_a"]) == 0
    assert "residual_1" in capsys.readouterr().out
    design = read_build(Path("out"))[1]
    assert (design.board.memory.name, design.board.memory_times.rate) == ("slow", 0.25)


def test_synth_takes_the_board_of_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With no cells counted: Yosys is asked in another test."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(PLAIN)
    model = str(write_tiny(tmp_path / "tiny"))
    assert main(["build", model, "--quant", "w8a8", "--multipliers", "32", "--board", "mine.py",
                 "-o", "out"]) == 0  # fmt: skip
    Path("mine.py").unlink()

    def mapped(modules: Modules, *_: object, **__: object) -> dict[str, MappedModule]:
        module = MappedModule(cells=Cells(luts=1), levels=Levels(), fan_out=FanOut())
        return dict.fromkeys(modules.kinds, module)

    monkeypatch.setattr(synthesize, "map_modules", mapped)
    capsys.readouterr()
    assert main(["synth", "out"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "tiny on mine" in shown and "board has" in shown
    found = json.loads(Path("out/synth.json").read_text())
    counted = found["rest"]["counted"]["luts"] + sum(r["counted"]["luts"] for r in found["rows"])
    assert counted == found["total"]["counted"]["luts"] == found["instances"] > 100
    assert found["dies"][0]["counted"]["luts"] == counted
    assert found["budget"]["luts"] == read_build(Path("out"))[1].board.budget.luts
