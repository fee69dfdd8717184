# SPDX-License-Identifier: Apache-2.0
"""Bad input: one clear sentence, an exit code by class, and nothing half-written."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from streamhw.__main__ import main
from streamhw.compiler import package
from tests.tiny import write_tiny

Say = Callable[..., tuple[int, str]]
SMALL = ("--quant", "w8a8", "--multipliers", "32")


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch) -> Say:
    """Runs a command in an empty folder; returns the exit code and the error's line."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str]:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        lines = capsys.readouterr().err.strip().splitlines()
        errors = [line for line in lines if line.startswith("error:")]
        return code, errors[-1] if errors else (lines[-1] if lines else "")

    return run


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "tiny")


def test_unknown_names(say: Say) -> None:
    code, line = say("build", "gpt5")
    assert code == 2 and "MODEL must be one of gpt2, gpt2-medium, gpt2-shakespeare" in line
    code, line = say("build", "gpt2-shakespeare", "--board", "zedboard")
    assert code == 2 and "Board must be one of sim, u55c, ulx3s" in line and "'zedboard'" in line
    code, line = say("build", "gpt2-shakespeare", "--board", "none.py")
    assert code == 2 and "Board file must exist" in line


def test_broken_checkpoints(say: Say, tiny: Path) -> None:
    weights = tiny / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    code, line = say("build", tiny, *SMALL)
    assert code == 2 and "must be a complete safetensors file" in line
    weights.unlink()
    code, line = say("build", tiny, *SMALL)
    assert code == 2 and "the weights file is missing" in line
    assert not Path("build").exists()


def test_wrong_shapes_and_architectures(say: Say, tiny: Path, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "other", features=64)
    code, line = say("build", tiny, "--weights", other / "model.safetensors", *SMALL)
    assert code == 2 and "must have shape" in line
    config = json.loads((tiny / "config.json").read_text())
    for key, value, words in (
        ("model_type", "bert", "architecture must be gpt2, not bert"),
        ("activation_function", "mish", "activation_function must be one of"),
    ):
        (tiny / "config.json").write_text(json.dumps(config | {key: value}))
        code, line = say("build", tiny, *SMALL)
        assert code == 2 and words in line
    assert not Path("build").exists()


def test_prompts_that_do_not_fit(say: Say) -> None:
    long = "a b c d e f g h " * 30
    code, line = say("run", "gpt2-shakespeare", "--prompt", long, "--tokens", 4)
    assert code == 2 and "at most 128 tokens together" in line
    code, line = say("run", "gpt2-shakespeare", "--prompt", "", "--tokens", 4)
    assert code == 2 and "Prompt must have at least one token" in line
    code, line = say("run", "gpt2-shakespeare", "--prompt", "a", "--tokens", 0)
    assert code == 2 and "must be at least 1, not 0" in line
    code, line = say("run", "gpt2-shakespeare", "--prompt", "a", "--stalls", 1.5)
    assert code == 2 and "must be from 0 to below 1" in line
    assert not Path("build").exists()


def test_tokens_outside_the_vocabulary(say: Say, tiny: Path) -> None:
    code, line = say("run", tiny, *SMALL, "--prompt", "5 64", "--tokens", 2)
    assert code == 2 and "must be below the vocabulary of 64, not 64" in line
    code, line = say("run", tiny, *SMALL, "--prompt", "hello", "--tokens", 2)
    assert code == 2 and "must be token numbers" in line
    assert not Path("build").exists()


def test_models_that_exceed_the_board(say: Say) -> None:
    code, line = say("build", "gpt2", "--board", "ulx3s")
    assert code == 3 and "must fit into 33,554,432 bytes of memory" in line
    assert "too many" in line
    code, line = say("build", "gpt2-shakespeare", "--board", "ulx3s", "--multipliers", 256)
    assert code == 3 and "board ulx3s" in line
    assert not Path("build").exists()


def test_choices_that_cannot_work(say: Say) -> None:
    for option, value in (("--group", 0), ("--group", 1), ("--multipliers", 0)):
        code, line = say("build", "gpt2-shakespeare", option, value)
        assert code == 2 and "must be at least" in line, (option, value, line)
    code, line = say("build", "gpt2-shakespeare", "--multipliers", 48)
    assert code == 2 and "power of two" in line


def test_missing_tools(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    code, line = say("run", "gpt2-shakespeare", "--prompt", "a", "--tokens", 1)
    assert code == 4 and "needs a C++ compiler, and there is no no-such-compiler" in line
    assert not Path("build").exists()


def test_output_folders(say: Say, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, line = say("build", "gpt2-shakespeare", "-o", tmp_path / "file")
    assert code == 2 and "must be a folder, not the file" in line
    code, line = say("build", "gpt2-shakespeare", "-o", tmp_path / "file" / "below")
    assert code == 2 and "must be writable" in line
    code, line = say("build", "gpt2-shakespeare", "-o", "/proc/streamhw")
    assert code == 2 and "must be writable" in line
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    code, line = say("build", "gpt2-shakespeare", "-o", tmp_path / "full")
    assert code == 2 and "must be empty or an earlier build" in line
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_folders_that_are_no_build(say: Say, tmp_path: Path) -> None:
    code, line = say("synth", tmp_path)
    assert code == 2 and "BUILD must be a folder that `build` wrote" in line


def test_arguments_that_are_missing(say: Say) -> None:
    assert say("build")[0] == 2
    assert say("run", "gpt2-shakespeare")[0] == 2
    assert say("list", "nonsense")[0] == 2
    assert say()[0] == 0


def test_an_interrupt_leaves_the_earlier_build(
    say: Say, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("build", tiny, *SMALL, "-o", "out")
    assert say(*command)[0] == 0
    before = {f.name: f.read_bytes() for f in (tmp_path / "out").iterdir()}

    def interrupted(*_: object) -> Iterator[np.ndarray]:
        yield np.ones(100, dtype=np.uint8)
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "image", interrupted)
    code, line = say(*command)
    assert (code, line) == (130, "interrupted: nothing was left half-written")
    assert {f.name: f.read_bytes() for f in (tmp_path / "out").iterdir()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "tiny"]
