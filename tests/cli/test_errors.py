# SPDX-License-Identifier: Apache-2.0
"""Bad input: one clear sentence, an exit code by class, and nothing half-written."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from streamhw.__main__ import main
from streamhw.compiler.backend import build_dir as package
from streamhw.sim import verilator
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
    assert code == 2 and "MODEL must be one of gemma3-1b, gemma3-270m, gpt2, gpt2-large" in line
    code, line = say("build", "gpt2-shakespeare", "--board", "zedboard")
    assert (
        code == 2
        and "Board must be one of sim, arty_a7_100t, u50, u55c, ulx3s" in line
        and "'zedboard'" in line
    )
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
        ("model_type", "bert", "architecture must be one of gpt2, llama, "),
        ("activation_function", "mish", "activation_function must be one of"),
    ):
        (tiny / "config.json").write_text(json.dumps(config | {key: value}))
        code, line = say("build", tiny, *SMALL)
        assert code == 2 and words in line
    assert not Path("build").exists()


def test_prompts_that_do_not_fit(say: Say, tiny: Path) -> None:
    long = "a b c d e f g h " * 30
    code, line = say("run", "gpt2-shakespeare", "--prompt", long, "--tokens", 4)
    assert code == 2 and "at most 128 tokens together" in line
    code, line = say("run", tiny, *SMALL, "--prompt", "", "--tokens", 4)
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
    for option, value in (("--token-batch", 0), ("--token-batch", 1), ("--multipliers", 0)):
        code, line = say("build", "gpt2-shakespeare", option, value)
        assert code == 2 and "must be at least" in line, (option, value, line)
    code, line = say("build", "gpt2-shakespeare", "--on-chip-bits", -1)
    assert (code, line) == (2, "error: Bits of on-chip memory must be at least 0, not -1")
    code, line = say("build", "gpt2-shakespeare", "--multipliers", 48)
    assert code == 2 and "power of two" in line


def test_missing_tools(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    code, line = say("run", "gpt2-shakespeare", "--prompt", "a", "--tokens", 1)
    assert code == 4 and "needs a C++ compiler, and there is no no-such-compiler" in line
    assert not Path("build").exists()


def test_missing_simulator(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilator, "_packaged", lambda: None)
    monkeypatch.setattr(verilator, "_on_path", lambda: None)
    code, line = say("run", "gpt2-shakespeare", "--prompt", "a", "--tokens", 1)
    assert code == 4 and "Simulation needs Verilator" in line and "none is installed" in line
    assert not Path("build").exists()


def test_cache_that_cannot_be_written(
    say: Say, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMHW_CACHE", "/proc/streamhw")
    code, line = say("run", tiny, *SMALL, "--prompt", "5", "--tokens", 1)
    assert code == 4 and line.startswith("error: Cannot write the cache folder /proc/streamhw")


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
    (tmp_path / "full" / "top.v").write_text("mine")
    code, line = say("build", "gpt2-shakespeare", "-o", tmp_path / "full")
    assert code == 2 and "must have no top.v that streamhw did not write, and it has" in line
    assert {f.read_text() for f in (tmp_path / "full").iterdir()} == {"mine"}
    code, line = say("build", "gpt2-shakespeare", "-o", "")
    assert code == 2 and line.endswith("argument -o/--output: path must not be empty")


def test_a_build_in_the_current_folder_among_files_of_the_user(
    say: Say, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "notes.txt").write_text("mine")
    monkeypatch.chdir(home)
    for _ in range(2):
        assert say("build", tiny, *SMALL, "-o", ".")[0] == 0
    (home / "notes.txt").unlink()  # and nothing else beside the files of a build
    assert {f.name for f in home.iterdir()} == package.written_files(home)


def test_folders_that_are_no_build(say: Say, tmp_path: Path) -> None:
    code, line = say("synth", tmp_path)
    assert code == 2 and "BUILD must be a folder that `build` wrote" in line


def test_damaged_builds(say: Say, tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert say("build", tiny, *SMALL, "-o", "out")[0] == 0
    for name, content, words in (
        ("manifest.json", '{"version": 1', "manifest.json is damaged or from another version"),
        ("manifest.json", "{}", "manifest.json is damaged or from another version"),
        ("netlist.json", "{}", "its netlist.json as it was written, but: it was changed or cut"),
        ("top.v", "module top(", "its top.v as it was written, but: it was changed or cut off"),
    ):
        whole = (out / name).read_bytes()
        (out / name).write_text(content)
        code, line = say("synth", "out")
        assert code == 2 and words in line, (name, line)
        (out / name).write_bytes(whole)
        assert not (out / "synth.json").exists()
    (out / "top.v").unlink()
    code, line = say("synth", "out")
    assert code == 2 and "its top.v as it was written, but: No such file or directory" in line
    assert say("run", tiny, *SMALL, "-o", "out", "--prompt", "5", "--tokens", 1)[0] == 0
    assert (out / "top.v").is_file()  # what is not whole is built again
    (out / "manifest.json").write_text("{}")
    code, line = say("build", tiny, *SMALL, "-o", "out")
    assert code == 2 and "must have no" in line and "manifest.json, memory.bin" in line


def test_boards_that_do_not_load(say: Say, tiny: Path) -> None:
    for text, words in (
        ("x = 1", "must define BOARD as a Board, not None"),
        ("x = (", "must be Python that runs, but: SyntaxError"),
        ("raise RuntimeError('no')", "must be Python that runs, but: RuntimeError: no"),
        ("raise SystemExit(0)", "must be Python that runs, but: SystemExit: 0"),
        (
            "from dataclasses import replace\nfrom streamhw.boards.sim import BOARD\n"
            "BOARD = replace(BOARD, clock_mhz=0)",
            "but: ValueError: Board sim: clock_mhz must be a number above 0, not 0",
        ),
    ):
        Path("mine.py").write_text(text)
        code, line = say("build", tiny, *SMALL, "--board", "mine.py")
        assert code == 2 and "Board file 'mine.py'" in line and words in line


def test_board_files_whose_name_cannot_be(say: Say, tiny: Path) -> None:
    code, line = say("build", tiny, *SMALL, "--board", "x" * 300 + ".py")
    assert code == 2 and line.startswith("error: Board file must exist, not 'xxx")


def test_evaluation_without_a_measure(say: Say, tiny: Path) -> None:
    code, line = say("evaluate", "gpt2-shakespeare", "--windows", 0)
    assert (code, line) == (2, "error: Windows to measure on must be at least 1, not 0")
    code, line = say("evaluate", tiny)
    assert code == 2 and "a text to measure on must be named, and none was" in line
    code, line = say("evaluate", "gpt2-shakespeare", "--text", "none.txt")
    assert code == 2 and "none.txt: the file must be readable UTF-8 text" in line
    Path("one.txt").write_text("a")
    code, line = say("evaluate", "gpt2-shakespeare", "--text", "one.txt")
    assert (code, line) == (2, "error: Text must have 2 tokens or more, not 1")


def test_prompts_that_are_no_text(say: Say) -> None:
    code, line = say("run", "gpt2-shakespeare", "--prompt", "a\udcff", "--tokens", 1)
    assert (code, line) == (2, "error: Prompt must be UTF-8 text, not 'a\\udcff'")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "the file must be JSON"),
        ("[]", "the file must hold a JSON object"),
        ('{"model_type": "gpt2", "n_embd": "64"}', "n_embd must be an integer of at least 1"),
    ],
)
def test_broken_configurations(say: Say, tiny: Path, content: str, words: str) -> None:
    (tiny / "config.json").write_text(content)
    code, line = say("build", tiny, *SMALL)
    assert code == 2 and "config.json" in line and words in line
    (tiny / "config.json").unlink()
    code, line = say("build", tiny, *SMALL)
    assert code == 2 and "the configuration file is missing" in line


def test_arguments_that_are_missing(say: Say) -> None:
    assert say("build")[0] == 2
    assert say("run", "gpt2-shakespeare")[0] == 2
    assert say("list", "nonsense")[0] == 2
    assert say()[0] == 0


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_stops_a_build(
    number: signal.Signals, code: int, word: str, tmp_path: Path
) -> None:
    """Of a process of its own, while it compiles: the shape of 124M takes many seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "streamhw", "build", "gpt2", "-o", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores this signal, and so would its children.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert "no weights were given" in process.stdout.readline()
    time.sleep(1)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == code, complaint
    assert complaint.splitlines()[-1] == f"{word}: nothing was left half-written"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_the_earlier_build(
    say: Say, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("build", tiny, *SMALL, "-o", "out")
    assert say(*command)[0] == 0
    before = {f.name: f.read_bytes() for f in (tmp_path / "out").iterdir()}

    def interrupted(*_: object) -> Iterator[np.ndarray]:
        yield np.ones(100, dtype=np.uint8)
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "design_image", interrupted)
    code, line = say(*command)
    assert (code, line) == (130, "interrupted: nothing was left half-written")
    assert {f.name: f.read_bytes() for f in (tmp_path / "out").iterdir()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "tiny"]
