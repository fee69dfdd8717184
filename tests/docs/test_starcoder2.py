# SPDX-License-Identifier: Apache-2.0
"""The worked example of a model family, from an installed package: files to tokens in RTL."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import streamhw
from streamhw.errors import UserError
from streamhw.frontend.catalog import family_of
from tests.packages import install_example

CONFIG = {
    "model_type": "starcoder2",
    "num_hidden_layers": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
    "max_position_embeddings": 64,
    "sliding_window": 4,
    "use_bias": True,
    "tie_word_embeddings": True,
}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A random StarCoder 2 with Hugging Face's names."""
    install_example(monkeypatch, tmp_path, "starcoder2")
    folder = tmp_path / "tiny_coder"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    family = family_of(CONFIG, "config.json")
    graph = family.graph("m", family.read_config(CONFIG, "config.json"))
    random, tensors = np.random.default_rng(0), {}
    for parameter in graph.parameters():
        values = random.standard_normal(parameter.shape).astype(np.float32)
        if len(parameter.shape) == 2:
            values *= 1 / np.sqrt(np.float32(parameter.shape[1]))
        else:
            values = np.float32("norm.weight" in parameter.name) + np.float32(0.1) * values
        tensors[parameter.name] = values
    save_file(tensors, folder / "model.safetensors")
    return folder


def test_tokens_in_hardware(directory: Path, tmp_path: Path) -> None:
    model = streamhw.load(directory)
    assert model.graph.context == 64
    names = {p.name for p in model.graph.parameters()}
    assert "model.layers.1.mlp.c_fc.bias" in names and "lm_head.weight" not in names
    config = streamhw.BuildConfig(quantization=streamhw.QuantConfig(weight_bits=8), multipliers=32)
    built = streamhw.build(model, "sim", config, folder=tmp_path / "out")
    answer = streamhw.simulate(built, [5, 9, 33], 4, check=True)
    assert len(answer.tokens) == 4 and answer.compared is not None


def test_what_it_refuses(directory: Path) -> None:
    (directory / "config.json").write_text(json.dumps(CONFIG | {"use_bias": False}))
    with pytest.raises(UserError, match=r"config.json: use_bias must be true, not false$"):
        streamhw.load(directory)
