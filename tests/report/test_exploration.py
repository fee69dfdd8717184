# SPDX-License-Identifier: Apache-2.0
"""What an exploration found is read as ``explore`` writes it."""

import json
from pathlib import Path

import pytest

import streamhw
from streamhw.errors import UserError
from streamhw.report.exploration import FRONT_FILE, Front
from tests.report.conftest import CONFIG
from tests.tiny import write_tiny


def test_a_real_exploration_is_read(tmp_path: Path) -> None:
    model = streamhw.load(write_tiny(tmp_path / "tiny"))
    beside = tmp_path / "out-exploration"
    found = streamhw.explore(model, "sim", CONFIG, trials=2, prompt=4, tokens=4, folder=beside)
    front = Front.load(tmp_path / "out")
    assert front is not None and front == Front.load(beside)
    assert (front.model, front.board, front.goal) == ("tiny", "sim", "latency")
    assert front.best.number == found.best.number
    assert "matmul" in front.best.engines and " tokens, " in front.best.engines
    assert front.points and all(0 < point.share <= 1 for point in front.points)


def test_no_exploration_and_a_damaged_one(tmp_path: Path) -> None:
    assert Front.load(tmp_path) is None
    for text in ("{", "[]", json.dumps({"model": "tiny"})):
        (tmp_path / FRONT_FILE).write_text(text)
        with pytest.raises(UserError, match=r"^File .* must be what `explore` wrote, but: "):
            Front.load(tmp_path)
