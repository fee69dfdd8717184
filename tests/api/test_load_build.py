# SPDX-License-Identifier: Apache-2.0
"""A build that is loaded is the one that was built, with its model."""

from pathlib import Path

import numpy as np
import pytest

import streamhw
from streamhw.compiler.backend.build_dir import MODEL_FILE
from streamhw.compiler.overrides import DECISIONS_FILE
from streamhw.errors import UserError
from streamhw.frontend.tokenizers import Tokenizer
from tests.tiny import write_tiny

CONFIG = streamhw.BuildConfig(quantization=streamhw.QuantConfig(scale_group=32), multipliers=32)


@pytest.fixture
def built(tmp_path: Path) -> streamhw.Build:
    model = streamhw.load(write_tiny(tmp_path / "tiny"), context=16)
    return streamhw.build(model, "sim", CONFIG, folder=tmp_path / "out")


def test_all_of_it_is_there(built: streamhw.Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    loaded = streamhw.load_build(built.folder)
    assert loaded.reused and loaded.folder == built.folder
    for name in ("model", "board", "config", "netlist", "manifest", "report"):
        assert getattr(loaded, name) == getattr(built, name), name
    assert loaded.model.graph.context == 16 and loaded.verilog.is_file()
    assert (loaded.image == built.image).all()
    for node, _ in built.netlist.graph.walk():
        if node.name in built.quantized.formats:
            ours, theirs = (b.quantized.scales(node.name, 0) for b in (loaded, built))
            assert np.array_equal(ours, theirs), node.name


def test_the_shipped_model_brings_its_text(tmp_path: Path) -> None:
    model = streamhw.load("gpt2-shakespeare", context=32, layers=1)
    config = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8))
    built = streamhw.build(model, "sim", config, folder=tmp_path / "out")
    found = streamhw.load_build(built.folder).model
    assert isinstance(found.tokenizer, Tokenizer) and found.name == "gpt2-shakespeare"


def test_what_is_no_build_or_was_changed(built: streamhw.Build, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="BUILD must be a folder that `build` wrote, not"):
        streamhw.load_build(tmp_path / "tiny")
    for name in (DECISIONS_FILE, MODEL_FILE):
        file = built.folder / name
        text = file.read_text()
        file.write_text(f"{text} ")
        with pytest.raises(UserError, match=f"must have its {name} as it was written, but: it was"):
            streamhw.load_build(built.folder)
        file.write_text(text)
    assert streamhw.load_build(built.folder).model == built.model
