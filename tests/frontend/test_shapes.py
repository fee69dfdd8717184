# SPDX-License-Identifier: Apache-2.0
"""Named shapes are those of the published configurations, but for the positions that are built."""

from typing import Any

import pytest

from streamhw.frontend.catalog import FAMILIES
from streamhw.frontend.shapes import SHAPES


def decoder(layers: int, features: int, hidden: int, heads: tuple[int, int], **more: Any) -> Any:
    return {
        "num_hidden_layers": layers,
        "hidden_size": features,
        "intermediate_size": hidden,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        **more,
    }


LLAMA3 = {
    "factor": 32.0,
    "high_freq_factor": 4.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 8192,
    "rope_type": "llama3",
}
GEMMA3 = {
    "model_type": "gemma3_text",
    "head_dim": 256,
    "vocab_size": 262_144,
    "max_position_embeddings": 32_768,
    "query_pre_attn_scalar": 256,
    "sliding_window": 512,
    "rope_theta": 1e6,
    "rope_local_base_freq": 10_000,
}
PUBLISHED = {
    "gpt2": {"model_type": "gpt2"},
    "gpt2-medium": {"model_type": "gpt2", "n_embd": 1024, "n_head": 16, "n_layer": 24},
    "gpt2-large": {"model_type": "gpt2", "n_embd": 1280, "n_head": 20, "n_layer": 36},
    "gpt2-xl": {"model_type": "gpt2", "n_embd": 1600, "n_head": 25, "n_layer": 48},
    "smollm2-135m": decoder(
        30, 576, 1536, (9, 3), model_type="llama", vocab_size=49_152, rms_norm_eps=1e-5,
        max_position_embeddings=8192, rope_theta=100_000, tie_word_embeddings=True,
    ),
    "tinyllama-1.1b": decoder(
        22, 2048, 5632, (32, 4), model_type="llama", vocab_size=32_000, rms_norm_eps=1e-5,
        max_position_embeddings=2048, tie_word_embeddings=False,
    ),
    "llama3.2-1b": decoder(
        16, 2048, 8192, (32, 8), model_type="llama", vocab_size=128_256, rms_norm_eps=1e-5,
        max_position_embeddings=131_072, rope_theta=5e5, rope_scaling=LLAMA3,
        tie_word_embeddings=True, head_dim=64,
    ),
    "qwen2.5-0.5b": decoder(
        24, 896, 4864, (14, 2), model_type="qwen2", vocab_size=151_936, rope_theta=1e6,
        max_position_embeddings=32_768, use_sliding_window=False, sliding_window=32_768,
        max_window_layers=24, tie_word_embeddings=True,
    ),
    "qwen3-0.6b": decoder(
        28, 1024, 3072, (16, 8), model_type="qwen3", head_dim=128, vocab_size=151_936,
        rope_theta=1_000_000, max_position_embeddings=40_960, use_sliding_window=False,
        sliding_window=None, max_window_layers=28, tie_word_embeddings=True,
    ),
    "gemma3-270m": decoder(
        18, 640, 2048, (4, 1), **GEMMA3,
        layer_types=(["sliding_attention"] * 5 + ["full_attention"]) * 3,
    ),
    "gemma3-1b": decoder(26, 1152, 6912, (4, 1), **GEMMA3, sliding_window_pattern=6),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_published(name: str) -> None:
    values, shape = PUBLISHED[name], SHAPES[name]
    assert FAMILIES[values["model_type"]] is shape.family
    read = shape.family.read_config(values, "config.json")
    assert read == shape.config and shape.context <= read.context
    assert all(0 <= token < read.vocabulary for token in shape.end_tokens)
