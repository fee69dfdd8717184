# SPDX-License-Identifier: Apache-2.0
"""The commands on a tiny model, as a user types them."""

from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.runtime.manifest import Manifest
from tests.tiny import write_tiny


@pytest.mark.parametrize("what", ["models", "boards", "kernels"])
def test_list(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what]) == 0
    words = {"models": "gpt2-shakespeare", "boards": "ulx3s", "kernels": "Softmax"}
    assert words[what] in capsys.readouterr().out


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    for command in ("build", "run", "synth", "evaluate", "list"):
        assert command in shown
    assert "python -m streamhw run gpt2-shakespeare" in shown


def test_build_then_run_reuses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = write_tiny(tmp_path / "tiny")
    choices = [str(model), "--quant", "w8a8", "--multipliers", "32"]
    assert main(["build", *choices]) == 0
    shown = capsys.readouterr().out
    assert "estimated total" in shown and "Graph to Verilog" in shown
    folder = tmp_path / "build" / "tiny-sim"
    names = {file.name for file in folder.iterdir()}
    assert names == {"top.v", "manifest.json", "memory.bin", "report.json", ".key"}
    assert Manifest.load(folder).context == 32
    assert main(["run", *choices, "--prompt", "5 9 33", "--tokens", "5", "--check"]) == 0
    shown = capsys.readouterr().out
    assert "Reusing the build" in shown
    assert "equal the integer" in shown
