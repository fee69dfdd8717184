# SPDX-License-Identifier: Apache-2.0
"""Logits of tiny models of every family by Hugging Face's own code, which tests compare with.

Usage: python scripts/family_logits.py (in an environment with torch and transformers)

Writes tests/frontend/family_logits.json: for each case its config.json, the names and shapes of the
tensors that transformers saves, and the logits of one sequence. The values of the tensors are those
of ``values_of``, so that no weights are stored.
"""

import json
import zlib
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).parents[1] / "tests" / "frontend" / "family_logits.json"
TOKENS = [5, 9, 33, 2, 17, 5, 40, 21, 8, 59, 3, 3]

LLAMA = {
    "model_type": "llama",
    "vocab_size": 60,
    "hidden_size": 32,
    "intermediate_size": 44,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
GPT2 = {
    "model_type": "gpt2",
    "vocab_size": 60,
    "n_embd": 24,
    "n_layer": 2,
    "n_head": 3,
    "n_positions": 32,
}
GEMMA = LLAMA | {
    "head_dim": 16,
    "num_key_value_heads": 1,
    "query_pre_attn_scalar": 24,
    "sliding_window": 4,
}
CASES: dict[str, dict[str, Any]] = {
    "gpt2": GPT2,
    "gpt2_untied_unscaled": GPT2
    | {
        "tie_word_embeddings": False,
        "scale_attn_weights": False,
        "scale_attn_by_inverse_layer_idx": True,
        "activation_function": "relu",
        "n_inner": 20,
        "layer_norm_epsilon": 1e-3,
    },
    "llama": LLAMA,
    "llama_biases_tied": LLAMA
    | {
        "attention_bias": True,
        "mlp_bias": True,
        "tie_word_embeddings": True,
        "rope_theta": 500_000.0,
        "rms_norm_eps": 1e-3,
        "hidden_act": "gelu",
    },
    "llama3_of_transformers_4": LLAMA
    | {
        "rope_theta": 100.0,
        "head_dim": 12,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    },
    "llama_linear_of_transformers_5": LLAMA
    | {"rope_parameters": {"rope_type": "linear", "rope_theta": 1000.0, "factor": 2.5}},
    "mistral": LLAMA | {"model_type": "mistral", "sliding_window": 5},
    "qwen2": LLAMA | {"model_type": "qwen2", "rope_theta": 1e6, "tie_word_embeddings": True},
    "qwen2_with_windows": LLAMA
    | {
        "model_type": "qwen2",
        "use_sliding_window": True,
        "sliding_window": 3,
        "max_window_layers": 1,
    },
    "qwen3": LLAMA | {"model_type": "qwen3", "head_dim": 16},
    "qwen3_yarn": LLAMA
    | {
        "model_type": "qwen3",
        "head_dim": 24,
        "rope_theta": 100.0,
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 4.0,
            "original_max_position_embeddings": 128,
        },
    },
    "llama_yarn": LLAMA
    | {
        "head_dim": 32,
        "rope_parameters": {
            "rope_type": "yarn",
            "rope_theta": 30.0,
            "factor": 2.5,
            "original_max_position_embeddings": 100,
            "beta_fast": 8.0,
            "beta_slow": 1.5,
            "mscale": 2.0,
            "mscale_all_dim": 0.5,
            "truncate": False,
        },
    },
    "gemma": LLAMA | {"model_type": "gemma", "head_dim": 16, "hidden_act": "gelu"},
    "gemma2": GEMMA
    | {
        "model_type": "gemma2",
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
    },
    "gemma3_of_transformers_4": GEMMA
    | {
        "model_type": "gemma3_text",
        "rope_theta": 1000.0,
        "rope_local_base_freq": 100.0,
        "rope_scaling": {"rope_type": "linear", "factor": 4.0},
        "sliding_window_pattern": 2,
    },
    "gemma3_of_transformers_5": GEMMA
    | {
        "model_type": "gemma3_text",
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 300.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
        },
        "layer_types": ["full_attention", "sliding_attention", "sliding_attention"],
    },
}


def values_of(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The values of a tensor: large enough that no part of a layer is nearly linear."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    values = random.standard_normal(shape)
    scale = 0.4 if len(shape) == 1 else 1.5 / np.sqrt(shape[-1])
    return (values * scale).astype(np.float32)


def main() -> int:
    import torch
    import transformers

    found = {}
    for case, values in CASES.items():
        config = transformers.AutoConfig.for_model(**deepcopy(values))
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        tied = {"lm_head.weight"} if config.tie_word_embeddings else set()
        shapes = {n: tuple(t.shape) for n, t in model.state_dict().items() if n not in tied}
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(torch.from_numpy(values_of(name, tuple(parameter.shape))))
            logits = model(torch.tensor([TOKENS])).logits[0].numpy()
        rows = [[round(float(x), 5) for x in row] for row in logits[[0, 1, len(TOKENS) - 1]]]
        found[case] = {"config": values, "shapes": shapes, "logits": rows}
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    facts = {"versions": versions, "tokens": TOKENS, "cases": found}
    text = json.dumps(facts)
    # One line a case, and one a list of numbers, so that a change shows where it is.
    FILE.write_text(text.replace(', "', ',\n"').replace("], [", "],\n[") + "\n")
    print(f"{len(found)} cases in {FILE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
