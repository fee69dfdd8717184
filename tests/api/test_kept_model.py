# SPDX-License-Identifier: Apache-2.0
"""``model.json``: a model is found again, unless it went, changed, or was in no file."""

from dataclasses import replace
from pathlib import Path

import pytest

import streamhw
from streamhw.api.kept_model import load_model
from streamhw.errors import UserError
from tests.tiny import tiny_decoder, write_tiny

CONFIG = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)


def test_found_gone_and_changed(tmp_path: Path) -> None:
    home = write_tiny(tmp_path / "tiny")
    model = streamhw.load(home)
    built = streamhw.build(model, "sim", CONFIG, folder=tmp_path / "out")
    assert load_model(built.folder, built.manifest) == model
    write_tiny(home, seed=1)
    with pytest.raises(UserError) as changed:
        load_model(built.folder, built.manifest)
    assert str(changed.value) == (
        f"Model {home} must be as it was when {built.folder} was built, and is another"
    )
    home.rename(tmp_path / "moved")
    with pytest.raises(UserError) as gone:
        load_model(built.folder, built.manifest)
    assert str(gone.value).startswith(
        f"Build {built.folder} must find its model where it was, but: MODEL must be one of"
    )
    assert f"-o {built.folder}" in str(gone.value.hint)


def test_other_weights_than_those_of_the_files(tmp_path: Path) -> None:
    model = streamhw.load(write_tiny(tmp_path / "tiny"))
    other = streamhw.load(write_tiny(tmp_path / "other", seed=1))
    mixed = replace(model, weights=other.weights)
    built = streamhw.build(mixed, "sim", CONFIG, folder=tmp_path / "out")
    with pytest.raises(UserError, match="must be as it was when"):
        load_model(built.folder, built.manifest)


def test_in_memory_only(tmp_path: Path) -> None:
    built = streamhw.build(tiny_decoder(), "sim", CONFIG, folder=tmp_path / "out")
    with pytest.raises(UserError, match="must be of a model in files, not of one that was in"):
        load_model(built.folder, built.manifest)
