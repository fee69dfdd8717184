# SPDX-License-Identifier: Apache-2.0
"""scripts/board_cycles.py: cycles of a whole board beside predicted ones."""

from pathlib import Path
from runpy import run_path

import pytest

from streamhw.api.build import Build
from streamhw.api.prompt import Prompt
from streamhw.testing.board.library import CompiledBoard

SCRIPT = run_path(str(Path(__file__).parents[2] / "scripts" / "board_cycles.py"))


def test_cycles_of_a_tiny_model(
    small: Build, small_board: CompiledBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SCRIPT["compiled"](small) == small_board
    assert SCRIPT["compare"](small, Prompt(tokens=[1], text="1", tokenizer=None), 4)
    said = capsys.readouterr().out
    assert "tiny_decoder on ulx3s, 1 + 4 tokens" in said
    assert "tokens are those of the integer reference" in said


def test_an_answer_of_one_token_has_no_further_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        SCRIPT["main"](["gpt2-shakespeare", "--tokens", "1"])
    assert "--tokens must be at least 2, not 1" in capsys.readouterr().err
