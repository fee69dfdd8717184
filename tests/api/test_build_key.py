# SPDX-License-Identifier: Apache-2.0
"""What the bytes of a build follow from changes its key, and nothing else does."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.api.build_key import build_key, code_digest, model_digest
from streamhw.boards.base import load_board
from streamhw.boards.memory.hbm2 import Hbm2
from streamhw.compiler.config import BuildConfig
from streamhw.frontend import Origin, load
from tests.packages import install
from tests.tiny import write_tiny


def test_key(tmp_path: Path) -> None:
    model, board, config = load(write_tiny(tmp_path / "m")), load_board("sim"), BuildConfig()
    key = build_key(model, board, config, None)
    assert build_key(load(tmp_path / "m"), load_board("sim"), BuildConfig(), None) == key
    others = [
        build_key(load(write_tiny(tmp_path / "n" / "m", seed=1)), board, config, None),
        build_key(model, replace(board, memory=Hbm2()), config, None),
        build_key(model, board, BuildConfig(multipliers=32), None),
        build_key(replace(model, calibration="text"), board, config, None),
    ]
    assert len({key, *others}) == 5


def test_a_model_is_its_graph_and_its_weights(tmp_path: Path) -> None:
    model = load(write_tiny(tmp_path / "m"))
    assert model_digest(load(tmp_path / "m")) == model_digest(model)
    others = (
        load(write_tiny(tmp_path / "n" / "m", seed=1)),
        load(tmp_path / "m", layers=1),
        load(tmp_path / "m", context=16),
        replace(model, origin=Origin.RANDOM),
    )
    assert len({model_digest(model), *map(model_digest, others)}) == 5


def test_code_of_packages_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = code_digest()
    install(monkeypatch, tmp_path, "added", "X = 1", board="b = added:X")
    added = code_digest()
    (tmp_path / "added.py").write_text("X = 2")
    assert len({before, added, code_digest()}) == 3
