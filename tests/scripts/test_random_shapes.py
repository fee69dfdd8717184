# SPDX-License-Identifier: Apache-2.0
"""scripts/random_shapes.py: shapes are the same in every call, and a fault is seen."""

from pathlib import Path
from runpy import run_path

import pytest

import streamhw
from streamhw.errors import BuildError, DoesNotFitError

ROOT = Path(__file__).parents[2]
SCRIPT = run_path(str(ROOT / "scripts" / "random_shapes.py"))


def test_shapes_are_the_same_in_every_call() -> None:
    made = [SCRIPT["random_model"](number, 0) for number in (3, 4, 3)]
    assert made[0][0].config == made[2][0].config != made[1][0].config
    kinds = {type(SCRIPT["random_model"](number, 1)[0].config).__name__ for number in range(12)}
    assert kinds == {"Gpt2Config", "DecoderConfig"}


def test_what_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised: list[Exception] = [DoesNotFitError("too large"), BuildError("no"), ValueError("x")]

    def failing(*_: object) -> None:
        raise raised.pop(0)

    monkeypatch.setattr(streamhw, "compile", failing, raising=False)
    assert SCRIPT["main"](["--count", "3", "--simulate", "0"]) == 1
    said = capsys.readouterr().out
    assert "0 refused: too large" in said and "1 FAULT BuildError: no" in said
    assert "ValueError: x" in said and "3 shapes, 2 FAULT, 1 refused" in said


def test_a_shape_that_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    assert SCRIPT["main"](["--count", "1", "--simulate", "0", "--first", "5"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "sim: 1 shapes, 1 ok"
