# SPDX-License-Identifier: Apache-2.0
"""explore, and build with what it found, as typed."""

import json
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.commands.records.explorations import ExploreRecord, TrialRecord
from tests.cli.scripted import only, said
from tests.tiny import write_tiny

FEW = ["--quant", "w8a8", "--token-batch", "4", "--multipliers", "16", "--trials", "2"]


def test_explore_then_build_its_best(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, found = str(write_tiny(tmp_path / "tiny")), tmp_path / "found"
    answer = ["--prompt", "3", "--tokens", "3", "--seed", "5"]
    code, records = said(capsys, "explore", model, *FEW, *answer, "-o", found)
    told, trials = only(ExploreRecord, records), records[:-1]
    assert code == 0 and records[-1] == told and (told.prompt, told.tokens) == (3, 3)
    assert told.trials == len(trials) and told.best in told.front
    scores = [t.score for t in trials if isinstance(t, TrialRecord) and t.number == told.best]
    assert len(scores) == 1 and scores[0] is not None
    assert {file.name for file in found.iterdir()} == {"best.json", "front.json", "trials.jsonl"}
    design = ["--design", str(found / "best.json"), "--quant", "w8a8"]
    assert main(["-q", "build", model, *design, "-o", str(tmp_path / "built")]) == 0
    best = json.loads((found / "best.json").read_text())["choice"]["tiling"]
    assert (
        json.loads((tmp_path / "built" / "manifest.json").read_text())["token_batch"]
        == best["token_batch"]
    )


def test_build_that_explores_first(tmp_path: Path) -> None:
    model, folder = str(write_tiny(tmp_path / "tiny")), tmp_path / "built"
    wanted = ["--rate", "1000", "--sharing", "all", "-o", str(folder)]
    assert main(["-q", "build", model, *FEW, *wanted]) == 0
    assert (folder / "top.v").is_file()
    beside = json.loads((tmp_path / "built-exploration" / "front.json").read_text())
    assert beside["goal"]["objective"] == "area"
    about = json.loads(
        (tmp_path / "built-exploration" / "trials.jsonl").read_text().splitlines()[0]
    )
    # As many as a context of 32 has room for: build has no option for these.
    assert (about["about"]["prompt"], about["about"]["tokens"]) == (16, 16)


def test_design_of_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "best.json").write_text('{"choice": {}}')
    model = str(write_tiny(tmp_path / "tiny"))
    assert main(["build", model, "--design", str(tmp_path / "best.json")]) == 2
    assert "must be one that explore wrote" in capsys.readouterr().err
