# SPDX-License-Identifier: Apache-2.0
"""Where a model was loaded from is known to the model, and leads to it from any folder."""

from pathlib import Path

import pytest

from streamhw.frontend import load
from streamhw.frontend.model_source import ModelSource
from tests.tiny import write_tiny


def test_paths_lead_there_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny(tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    model = load("tiny", "tiny/model.safetensors", context=16, layers=1)
    source = model.source
    assert source == ModelSource(
        model=str(tmp_path / "tiny"),
        weights=str(tmp_path / "tiny" / "model.safetensors"),
        context=16,
        layers=1,
    )
    monkeypatch.chdir("/")
    again = load(source.model, source.weights, context=source.context, layers=source.layers)
    assert again == model and again.source == source


def test_a_name_stays_one_unless_it_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ModelSource.of("gpt2", None, None, None, None) == ModelSource(model="gpt2")
    (tmp_path / "gpt2").mkdir()
    assert ModelSource.of("gpt2", None, None, None, None).model == str(tmp_path / "gpt2")
    (tmp_path / "text").write_text("abc")
    given = ModelSource.of(Path("gpt2"), None, None, None, "text")
    assert given.model == str(tmp_path / "gpt2") and given.calibration == str(tmp_path / "text")
