# SPDX-License-Identifier: Apache-2.0
"""Random models that transformers saves give the logits that it computes, where it is installed.

What is always tested is in test_families.py; this one tries sizes, number types, shards, layer
types and rotary parameters in all combinations.
"""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamhw.frontend import load
from streamhw.graph.float_reference import forward

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's threads would wait in a busy loop
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

FAMILIES = ("gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text")


def gpt2(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "model_type": "gpt2",
        "n_embd": heads * draw.randint(1, 12),
        "n_head": heads,
        "n_layer": draw.randint(1, 4),
        "n_positions": draw.randint(8, 40),
        "n_inner": draw.choice([None, draw.randint(1, 50)]),
        "activation_function": draw.choice(["gelu_new", "gelu", "relu", "silu", "gelu_fast"]),
        "layer_norm_epsilon": 10 ** draw.uniform(-12, -1),
        "scale_attn_weights": draw.random() < 0.7,
        "scale_attn_by_inverse_layer_idx": draw.random() < 0.3,
    }


def angles(draw: random.Random) -> dict[str, Any]:
    kind = draw.choice(["default", "linear", "llama3"])
    values = {"rope_type": kind, "rope_theta": 10 ** draw.uniform(0.5, 6)}
    if kind != "default":
        values["factor"] = draw.uniform(1, 9)
    if kind == "llama3":
        values |= {
            "low_freq_factor": draw.uniform(0.5, 2),
            "high_freq_factor": draw.uniform(2.5, 6),
            "original_max_position_embeddings": draw.randint(4, 16),
        }
    return values


def decoder(draw: random.Random, family: str) -> dict[str, Any]:
    heads, size, layers = draw.randint(1, 6), 2 * draw.randint(1, 16), draw.randint(1, 7)
    values: dict[str, Any] = {
        "model_type": family,
        "hidden_size": heads * draw.choice([size, 7]),
        "num_attention_heads": heads,
        "num_key_value_heads": draw.choice([h for h in range(1, heads + 1) if heads % h == 0]),
        "head_dim": size,
        "num_hidden_layers": layers,
        "intermediate_size": draw.randint(1, 60),
        "max_position_embeddings": draw.randint(16, 64),
        "rms_norm_eps": 10 ** draw.uniform(-8, -2),
        "rope_parameters": angles(draw),
    }
    if family in ("llama", "qwen3"):
        values["attention_bias"] = draw.random() < 0.5
    if family == "llama":
        values["mlp_bias"] = draw.random() < 0.5
    if family == "mistral":
        values["sliding_window"] = draw.choice([None, 12])
    if family in ("qwen2", "qwen3") and draw.random() < 0.4:
        values |= {"use_sliding_window": True, "sliding_window": 12, "max_window_layers": 1}
    if family in ("gemma2", "gemma3_text"):
        values |= {"query_pre_attn_scalar": draw.randint(1, 40), "sliding_window": 12}
        values |= {"attn_logit_softcapping": None, "final_logit_softcapping": None}
        kinds = ["full_attention", "sliding_attention"]
        if draw.random() < 0.5:
            values["layer_types"] = [draw.choice(kinds) for _ in range(layers)]
    if family == "gemma3_text":
        values["rope_parameters"] = {kind: angles(draw) for kind in kinds}
    return values


@pytest.mark.parametrize("seed", range(5 * len(FAMILIES)))
def test_a_random_model(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    family = FAMILIES[seed % len(FAMILIES)]
    values = gpt2(draw) if family == "gpt2" else decoder(draw, family)
    values |= {"vocab_size": draw.randint(3, 70), "tie_word_embeddings": draw.random() < 0.5}
    config = transformers.AutoConfig.for_model(**values)
    model = transformers.AutoModelForCausalLM.from_config(config)
    kind = draw.choice([torch.float32, torch.float16, torch.bfloat16])
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            scale = 0.4 if parameter.dim() == 1 else 1.5 / parameter.shape[-1] ** 0.5
            parameter.copy_(torch.randn(parameter.shape) * scale)
    model.to(kind).save_pretrained(tmp_path, max_shard_size=draw.choice(["5KB", "1GB"]))
    # Read again: some buffers would keep what the short number type left of them.
    saved = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    tokens = [draw.randrange(values["vocab_size"]) for _ in range(draw.randint(1, 8))]
    with torch.no_grad():
        expected = saved.eval()(torch.tensor([tokens])).logits[0].numpy()
    ours = load(tmp_path)
    found = forward(ours.graph, ours.weights, np.array(tokens), all_rows=True)["logits"]
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()
