# SPDX-License-Identifier: Apache-2.0
"""``doctor`` shows and says what is wrong; ``build`` and ``run`` send there in one line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

import streamhw
from streamhw.__main__ import main
from streamhw.commands.build import BuildRequest, reuse_or_build
from streamhw.commands.show import console_for
from streamhw.frontend.model import Origin
from streamhw.frontend.weights import RandomWeights
from tests.tiny import tiny_decoder, write_tiny


@pytest.fixture
def sick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with an outlier channel that drowns what other channels say."""
    monkeypatch.chdir(tmp_path)
    folder = write_tiny(tmp_path / "sick [x]")
    (file,) = folder.glob("*.safetensors")
    tensors = load_file(file)
    for name in tensors:
        if name.endswith(("h.1.ln_2.weight", "h.1.ln_2.bias")):
            tensors[name][6] *= 60
    save_file(tensors, file)
    return folder


def test_what_is_wrong_and_what_helps(sick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", sick.name]) == 0
    said = capsys.readouterr().out
    assert "outlier: feature 6 of norm_2, layer 1" in said
    command = "python -m streamhw build 'sick [x]' --board sim --quant w8a8"
    assert f"* {command}\n" in said
    assert main(["doctor", sick.name, "--quant", "w8a8"]) == 0
    assert "* nothing needs to be done" in capsys.readouterr().out


def test_build_says_it_in_one_line(sick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    choices = ["--multipliers", "32", "-o", "out"]
    request = BuildRequest(
        model=sick.name, output=Path("out"), config=streamhw.BuildConfig(multipliers=32)
    )
    for again in (False, True):
        assert reuse_or_build(request, console_for()).reused == again
        said = capsys.readouterr().out.splitlines()
        (line,) = [line for line in said if "quantization costs" in line]
        assert line.endswith(
            "this shows why: python -m streamhw doctor 'sick [x]' --board sim --quant w4a8"
        )
    assert json.loads(Path("out/quality.json").read_text())["nats"] > 0.1
    assert main(["build", sick.name, "--quant", "w8a8", *choices]) == 0
    assert "quantization costs" not in capsys.readouterr().out


def test_random_weights_are_not_judged(tmp_path: Path) -> None:
    graph = tiny_decoder().graph
    model = replace(tiny_decoder(), weights=RandomWeights(graph, additions=4), origin=Origin.RANDOM)
    config = streamhw.BuildConfig(multipliers=32)
    built = streamhw.build(model, "sim", config, folder=tmp_path / "out")
    assert built.quality is None and not (tmp_path / "out" / "quality.json").exists()
