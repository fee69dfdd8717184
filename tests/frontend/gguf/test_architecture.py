# SPDX-License-Identifier: Apache-2.0
"""Each architecture's metadata and tensors are those of a Hugging Face directory."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamhw.frontend import load
from streamhw.frontend.catalog import FAMILIES
from streamhw.frontend.gguf.architecture import ARCHITECTURES, Architecture
from tests.frontend.gguf.files import write_gguf

SIZES = {
    "block_count": 6,
    "embedding_length": 32,
    "feed_forward_length": 64,
    "context_length": 24,
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
    "attention.key_length": 16,
    "attention.layer_norm_rms_epsilon": 1e-6,
    "rope.freq_base": 1e6,
}


def stored(name: str, known: Architecture) -> str:
    """What GGUF calls a tensor of Hugging Face."""
    stem, _, end = name.rpartition(".")
    if stem.startswith("model.layers."):
        _, _, number, part = stem.split(".", 3)
        (here,) = (mine for mine, theirs in known.inner.items() if theirs == part)
        return f"blk.{number}.{here}.{end}"
    (here,) = (mine for mine, theirs in known.outer.items() if theirs == stem)
    return f"{here}.{end}"


def test_every_model_type_has_a_family() -> None:
    assert {known.model_type for known in ARCHITECTURES.values()} <= set(FAMILIES)


@pytest.mark.parametrize("kind", ["qwen2", "qwen3", "gemma3"])
def test_weights_are_those_of_a_directory(tmp_path: Path, kind: str) -> None:
    known = ARCHITECTURES[kind]
    config: dict[str, Any] = {
        "model_type": known.model_type,
        **known.constants,
        "num_hidden_layers": 6,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 24,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "vocab_size": 40,
        "tie_word_embeddings": kind == "gemma3",
        "query_pre_attn_scalar": 16,
        "sliding_window": 16 if kind == "gemma3" else None,
    }
    family = FAMILIES[known.model_type]
    wanted = family.read_config(config, "c")
    graph = family.graph("m", wanted)
    random = np.random.default_rng(0)
    whole = {p.name: random.standard_normal(p.shape).astype(np.float32) for p in graph.parameters()}
    if kind == "gemma3":
        # As both store them: the graph's norms have the 1, and queries their scale.
        assert wanted.query_scale == 1.0
    sizes: dict[str, Any] = dict(SIZES)
    if kind == "gemma3":
        sizes["attention.sliding_window"] = 16
    tensors = {stored(name, known): values for name, values in whole.items()}
    model = load(write_gguf(tmp_path / "m.gguf", kind, sizes, tensors))
    assert model.config == wanted
    for name, values in whole.items():
        assert np.allclose(model.weights[name], values, atol=1e-6), name


def test_a_norm_of_gemma_is_stored_with_its_one(tmp_path: Path) -> None:
    known = ARCHITECTURES["gemma3"]
    assert known.norms_add_one
    assert not any(
        ARCHITECTURES[kind].norms_add_one for kind in ("llama", "qwen2", "qwen3", "gpt2")
    )
