# SPDX-License-Identifier: Apache-2.0
"""The public functions on a tiny model, as a script would call them."""

from pathlib import Path

import pytest

import streamhw
from streamhw.errors import UserError
from tests.tiny import write_tiny

CONFIG = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> streamhw.Model:
    return streamhw.load(write_tiny(tmp_path_factory.mktemp("model") / "tiny"))


def test_build_and_simulate(model: streamhw.Model, tmp_path: Path) -> None:
    built = streamhw.build(model, "sim", CONFIG, folder=tmp_path / "out")
    assert not built.reused and built.verilog.name == "top.v" and built.verilog.is_file()
    assert len(built.image) > 0 and built.report.model == model.name == built.facts.model
    assert streamhw.build(model, "sim", CONFIG, folder=tmp_path / "out").reused
    assert not streamhw.build(model, "sim", CONFIG, folder=tmp_path / "out", reuse=False).reused

    seen = []
    answer = streamhw.simulate(
        built, [5, 9, 33], tokens=4, check=True, on_token=lambda a: seen.append(len(a.tokens))
    )
    assert seen == [1, 2, 3, 4] and answer.memory == "ideal"
    assert answer.compared is not None and answer.compared.streams > 10
    assert answer.text.split()[:3] == ["5", "9", "33"] and len(answer.text.split()) == 7
    assert answer.predicted == pytest.approx(sum(t.cycles for t in answer.tokens), rel=0.15)
    (channel,) = answer.channels.values()
    assert channel.read_bytes == answer.read_bytes


def test_a_build_keeps_its_netlist(model: streamhw.Model, tmp_path: Path) -> None:
    design = streamhw.build(model, "sim", CONFIG, folder=tmp_path / "out")
    assert design.netlist == streamhw.compile(model, "sim", CONFIG)
    first = streamhw.simulate(design, "5 9 33", tokens=2)
    again = streamhw.simulate(design, [5, 9, 33], tokens=2, stalls=0.2, seed=3)
    assert first.text == again.text and again.simulated > first.simulated


def test_names_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    design = streamhw.compile("gpt2-shakespeare", stop="assign")
    assert design.board.name == "sim" and not hasattr(design, "tiling")
    with pytest.raises(UserError, match=r"^Board must be one of"):
        streamhw.compile("gpt2-shakespeare", "none")


def test_explore(model: streamhw.Model, tmp_path: Path) -> None:
    found = streamhw.explore(
        model, "sim", CONFIG, objective="area", trials=3, prompt=4, tokens=4, folder=tmp_path
    )
    assert len(found.found.trials) >= 3 and (tmp_path / "best.json").is_file()
    config = found.best.choice.config(CONFIG)
    assert streamhw.compile(model, "sim", config, stop="tile").tiling == found.best.choice.tiling
    with pytest.raises(UserError, match=r"^Objective must be one of latency, throughput, area, "):
        streamhw.explore(model, objective="cost", folder=tmp_path)
    with pytest.raises(UserError, match=r"^Trials must be at least 1, not 0$"):
        streamhw.explore(model, trials=0, folder=tmp_path)


def test_evaluate(model: streamhw.Model) -> None:
    with pytest.raises(UserError, match=r"^Windows to measure on must be at least 1, not 0$"):
        streamhw.evaluate(model, windows=0)
    found = streamhw.evaluate("gpt2-shakespeare", windows=1)
    assert found.windows == 1 and all(row.real > 1 for row in found.results)
