# SPDX-License-Identifier: Apache-2.0
"""The worked example of a board with memory systems of its own, from an installed package."""

from pathlib import Path

import pytest

import streamhw
from streamhw.__main__ import main
from tests.packages import install_example
from tests.tiny import write_tiny

CHOICES = ["--quant", "w8a8", "--multipliers", "32"]


def test_build_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_example(monkeypatch, tmp_path, "orangecrab")
    monkeypatch.chdir(tmp_path)
    tiny = str(write_tiny(tmp_path / "tiny"))
    run = ["run", tiny, "--board", "orangecrab", *CHOICES, "--prompt", "5 9 33", "--tokens", "4"]
    assert main(["build", tiny, "--board", "orangecrab", *CHOICES]) == 0
    assert main([*run, "--check"]) == 0
    shown = capsys.readouterr().out
    assert "OrangeCrab (ECP5-85F, DDR3), simulated" in shown and "ddr3-800: " in shown
    assert "equal the integer reference" in shown
    assert main([*run, "--memory", "hyperram", "--check"]) == 0
    assert "hyperram: " in capsys.readouterr().out
    assert main(["list", "boards"]) == 0
    assert "1 x 128 bit, ddr3-800" in capsys.readouterr().out


def test_models_of_a_memory_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_example(monkeypatch, tmp_path, "orangecrab")
    config = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)
    model = streamhw.load(write_tiny(tmp_path / "tiny"))
    built = streamhw.build(model, "orangecrab", config, folder=tmp_path / "out")
    cycles = {}
    for memory in ("ideal", "ddr3-800", "hyperram"):
        answer = streamhw.simulate(built, [5, 9, 33], 4, memory=memory, check=True)
        cycles[memory] = sum(token.cycles for token in answer.tokens)
        assert answer.predicted == pytest.approx(cycles[memory], rel=0.15), memory
    # A tiny design waits for latency, which both share; HyperRAM has a fifth of the rate.
    assert cycles["ddr3-800"] == pytest.approx(cycles["ideal"], rel=0.1)
    assert cycles["hyperram"] > 2 * cycles["ideal"]
