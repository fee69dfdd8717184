# SPDX-License-Identifier: Apache-2.0
"""``explain`` on a tiny build: a table of all edges, one in full, and folders that are no build."""

import shutil
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.api import build as api_build
from streamhw.compiler import pipeline


def test_the_command(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(built)]) == 0
    shown = capsys.readouterr().out
    assert "matmul_w8_i_x_qkv" in shown and "sequencer_i_next" in shown
    assert "steps_i" not in shown
    assert main(["explain", str(built), "--all"]) == 0
    assert "steps_i" in capsys.readouterr().out
    assert main(["explain", str(built), "norm_1_i"]) == 0
    assert "both" in capsys.readouterr().out
    assert main(["explain", str(built), "nothing"]) == 2
    assert "must be one of the build's" in capsys.readouterr().err


def test_folders_that_hold_no_build(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(tmp_path)]) == 2
    assert "BUILD must be a folder that `build` wrote" in capsys.readouterr().err
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    (copy / "netlist.json").unlink()
    assert main(["explain", str(copy)]) == 2
    assert "must have its netlist.json as it was written, but: No such" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "report"])
def test_the_netlist_is_enough(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Neither Verilog nor image nor the numbers for others are read, and nothing is compiled."""
    for name in ("netlist.json", "manifest.json"):
        shutil.copy(built / name, tmp_path)

    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("must not be compiled")

    monkeypatch.setattr(pipeline, "compile_model", compiled)
    monkeypatch.setattr(api_build, "compile_model", compiled)
    monkeypatch.setattr(api_build, "quantize", compiled)
    assert main([command, str(tmp_path)]) == 0
