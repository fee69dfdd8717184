# SPDX-License-Identifier: Apache-2.0
"""``synth`` of a whole tiny build: counts add up, dies, paths and loaded nets are there."""

import json
import shutil
from pathlib import Path

import pytest

from streamhw.__main__ import main


@pytest.mark.slow
def test_synth(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "build"
    shutil.copytree(built, folder)
    monkeypatch.setenv("STREAMHW_CACHE", str(tmp_path / "cache"))
    assert main(["synth", str(folder)]) == 0
    shown = " ".join(capsys.readouterr().out.split())  # captions are wrapped
    assert "longest combinational paths" in shown and "250 MHz is an assumption" in shown
    assert "nets with the most loads" in shown
    found = json.loads((folder / "synth.json").read_text())
    total = found["total"]
    assert total["counted"]["luts"] == pytest.approx(total["estimated"]["luts"], rel=0.25)
    assert total["counted"]["dsps"] == total["estimated"]["dsps"]
    parts = [*(row["counted"] for row in found["rows"]), found["rest"]["counted"]]
    for cells in ("luts", "ffs", "dsps", "block_ram"):
        assert sum(part[cells] for part in parts) == total["counted"][cells]
        assert sum(die["counted"][cells] for die in found["dies"]) == total["counted"][cells]
    assert found["kinds"] < found["instances"]
    assert 0 < found["longest"]["levels"] <= 20
    assert found["slowest"][0]["path"]["levels"] >= found["slowest"][-1]["path"]["levels"]
    nets = found["nets"]
    resets = max(row["net"]["loads"]["reset"] for row in nets["worst"])
    assert 1000 < resets <= total["counted"]["ffs"]
    assert nets["large"]["register"] >= 1
