# SPDX-License-Identifier: Apache-2.0
"""``--stop``, ``--dump``, ``--from`` and ``--decisions``: a build in two halves, edited between."""

import json
import shutil
from pathlib import Path

import pytest

from streamhw.__main__ import main
from tests.cli.conftest import CHOICES, facts_of


def say(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main([str(a) for a in arguments])
    return code, capsys.readouterr().err


def test_stop_writes_text_and_decisions(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(built.parent / "tiny")
    assert main(["build", model, *CHOICES, "--stop", "tile"]) == 0
    folder = tmp_path / "build" / "tiny-sim-tile"
    assert {file.name for file in folder.iterdir()} == {
        *("design.txt", "decisions.json", "stopped.json")
    }
    assert "engine matmul_w8" in (folder / "design.txt").read_text()
    assert "stream" not in (folder / "design.txt").read_text()
    # Again into the same folder, and on from there.
    assert main(["build", model, *CHOICES, "--stop", "tile"]) == 0
    assert main(["build", model, "--from", "lower", "--decisions", str(folder),
                 "--stop", "size", "--dump", "size.txt"]) == 0  # fmt: skip
    assert "64 beats deep" in (tmp_path / "size.txt").read_text()
    assert {p.name for p in tmp_path.iterdir()} == {"build", "size.txt"}


def test_dump_to_standard_output(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(built.parent / "tiny")
    assert main(["build", model, *CHOICES, "--stop", "tile", "--dump", "-"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("design tiny on sim\n") and "  lanes 4\n" in shown
    assert list(tmp_path.iterdir()) == []


def test_a_depth_by_hand(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model, out = str(built.parent / "tiny"), tmp_path / "out"
    shutil.copytree(built, out)
    file = out / "decisions.json"
    decisions = json.loads(file.read_text())
    decisions["size"]["residual_1_i_a"] = 40
    file.write_text(json.dumps(decisions))
    assert main(["build", model, "--from", "place", "-o", "out"]) == 0
    assert "has 40 beats by decision, the program wants 64" in capsys.readouterr().out
    assert json.loads(file.read_text())["size"]["residual_1_i_a"] == 40
    depths = {stream.name: stream.depth for stream in facts_of(out).streams}
    assert depths["residual_1_i_a"] == 40
    assert main(["explain", "out", "residual_1_i_a"]) == 0
    assert "the program says 64; 40 was decided" in capsys.readouterr().out


def test_bad_stages_and_files(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(built.parent / "tiny")
    for arguments, words in (
        (("--stop", "nothing"), "Stage must be one of quantize, assign, tile"),
        (("--from", "nothing"), "Stage must be one of quantize, assign, tile"),
        (("--dump", "x.txt"), "Option --dump must come with --stop, and does not"),
        (("--jobs", "2"), "Option --jobs must come with --optimize or --rate, and does not"),
        (("--scheduler", "x"), "Option --scheduler must come with --optimize or --rate"),
        (("--from", "size"), "Decisions must be a build or its decisions.json, not build/tiny-sim"),
        (("--decisions", "none.json"), "decisions.json, not none.json (No such file"),
        (("--decisions", built, "--multipliers", 64), "Choice multipliers must be 32 as in the"),
        (("--decisions", built, "--board", "ulx3s"), "must be for the board ulx3s, not for sim"),
        (("--stop", "tile", "-o", built), "must not hold a whole build where a stopped one"),
    ):
        code, error = say(capsys, "build", model, *arguments)
        assert code == 2 and words in error, error
    assert list(tmp_path.iterdir()) == []
