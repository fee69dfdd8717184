# SPDX-License-Identifier: Apache-2.0
"""What a config.json would say, out of metadata and tensors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend.gguf.config import architecture_of, config_of
from streamhw.frontend.gguf.reader import read_gguf
from tests.frontend.gguf.files import write_gguf, write_llama
from tests.tiny import tiny_decoder


def said(path: Path, **extra: Any) -> dict[str, Any]:
    return config_of(read_gguf(write_llama(path, tiny_decoder(), **extra)))


def test_a_llama(tmp_path: Path) -> None:
    assert said(tmp_path / "m.gguf") == {
        "model_type": "llama",
        "hidden_act": "silu",
        "num_hidden_layers": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 32,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "vocab_size": 60,
        "tie_word_embeddings": False,
        "attention_bias": False,
        "mlp_bias": False,
        "eos_token_id": [],
        "bos_token_id": None,
    }


def test_scaled_angles(tmp_path: Path) -> None:
    found = said(tmp_path / "m.gguf", llama__rope__scaling__type="linear")
    assert found["rope_scaling"] == {"rope_type": "linear", "factor": 1.0}
    assert "rope_scaling" not in said(tmp_path / "n.gguf", llama__rope__scaling__type="none")
    found = said(
        tmp_path / "y.gguf",
        llama__rope__scaling__type="yarn",
        llama__rope__scaling__factor=4.0,
        llama__rope__scaling__original_context_length=32_768,
    )
    assert found["rope_scaling"] == {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 32_768,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
    }


def test_every_token_that_ends_a_message(tmp_path: Path) -> None:
    assert said(tmp_path / "a.gguf", tokenizer="llama")["eos_token_id"] == [2]
    found = said(tmp_path / "b.gguf", tokenizer="gpt2", tokenizer__ggml__eot_token_id=7)
    assert found["eos_token_id"] == [257, 7]  # <|end|> is also named as one


def test_what_is_missing(tmp_path: Path) -> None:
    file = read_gguf(write_gguf(tmp_path / "m.gguf", "llama", {}, {"a": np.zeros(2, np.float32)}))
    assert architecture_of(file)[0] == "llama"
    with pytest.raises(UserError, match=r"metadata llama\.block_count must be there, and is not$"):
        config_of(file)
