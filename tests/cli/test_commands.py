# SPDX-License-Identifier: Apache-2.0
"""The commands on a tiny model, as a user types them."""

import json
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.compiler.backend.build_dir import read_build
from streamhw.report.facts_of_design import activities_of
from streamhw.report.measured import Measured
from streamhw.runtime.manifest import Manifest
from tests.cli.conftest import facts_of
from tests.tiny import write_tiny


@pytest.mark.parametrize("what", ["models", "boards", "kernels"])
def test_list(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what]) == 0
    words = {"models": "gpt2-shakespeare", "boards": "ulx3s", "kernels": "Softmax"}
    assert words[what] in capsys.readouterr().out


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    for command in ("build", "run", "synth", "explain", "report", "evaluate", "list"):
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
    assert names == {
        *("top.v", "manifest.json", "memory.bin", "netlist.json"),
        *("report.json", "design.txt", "decisions.json", "model.json"),
        *("quality.json", "errors.json"),
    }
    assert Manifest.load(folder).context == 32
    assert main(["run", *choices, "--prompt", "5 9 33", "--tokens", "5", "--check"]) == 0
    shown = capsys.readouterr().out
    assert "Reusing the build" in shown
    assert "equal the integer" in shown
    measured = Measured.load(folder)
    assert measured is not None and measured.prompt == 3 and len(measured.token_cycles) == 5
    depths = {stream.name: stream.depth for stream in facts_of(folder).streams}
    assert measured.peaks and all(peak <= depths[name] for name, peak in measured.peaks.items())
    step = measured.step
    assert step is not None and step.position == 6
    # The last step, of one token: each layer passes a row of 8 beats, the next one later.
    spans = step.passed["norm_1_i"]
    assert len(spans) == 2 and spans[0][1] < spans[1][0] and spans[0][1] - spans[0][0] >= 7
    _, design = read_build(folder)
    activities = activities_of(design, step.position)
    ends = [a.output[1] for a in activities if a.task == "next_token"]
    # A token of so small a model is mostly latency, and that is in the estimate.
    assert ends == [pytest.approx(max(s[-1][1] for s in step.passed.values()), rel=0.05)]
    assert measured.streams["norm_1_i"].transfers == 7 * 2 * 8  # tokens, layers, beats of a row


def test_options_before_and_after_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = write_tiny(tmp_path / "tiny")
    small = ["--quant", "w8a8", "--multipliers", "32"]
    weights = ["--weights", str(write_tiny(tmp_path / "other", seed=1) / "model.safetensors")]
    assert main(["--quiet", "build", str(model), *small, "-o", "a"]) == 0
    assert main(["build", str(model), *small, "--quiet", "-o", "b/c", *weights]) == 0
    assert capsys.readouterr().out == ""
    images = [(tmp_path / name / "memory.bin").read_bytes() for name in ("a", "b/c")]
    assert images[0] != images[1]
    assert main(["build", str(model), *small, "-v", "--board", "none"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_engines_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = write_tiny(tmp_path / "tiny")
    choices = [str(model), "--quant", "w8a8", "--multipliers", "32", "--sharing", "none"]
    assert main(["build", *choices]) == 0
    shown = capsys.readouterr().out
    assert "Graph to Verilog" in shown
    report = json.loads((tmp_path / "build" / "tiny-sim" / "report.json").read_text())
    names = {kernel["name"] for kernel in report["kernels"]}
    products = ("qkv", "attention_out", "hidden", "mlp_out", "logits")
    assert names >= {f"matmul_{product}" for product in products}


def test_fast_run_says_that_cycles_are_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    choices = [str(write_tiny(tmp_path / "tiny")), "--quant", "w8a8", "--multipliers", "32"]
    assert main(["run", *choices, "--prompt", "5 9 33", "--tokens", "5", "--fast"]) == 0
    shown = capsys.readouterr().out
    assert "nothing was simulated" in shown and "answer, predicted" in shown
    assert not (tmp_path / "build").exists()
    assert main(["run", *choices, "--prompt", "5", "--fast", "--check"]) == 2
    assert "Option --fast must come without --check" in capsys.readouterr().err
