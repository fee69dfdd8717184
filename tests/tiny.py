# SPDX-License-Identifier: Apache-2.0
"""A tiny GPT-2 directory with seeded random weights, for tests that need any whole model."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph

__all__ = ["write_tiny"]


def write_tiny(
    folder: Path,
    *,
    layers: int = 2,
    features: int = 32,
    heads: int = 2,
    hidden: int = 64,
    vocabulary: int = 64,
    context: int = 32,
    function: str = "gelu_new",
    tied: bool = False,
    end_of_text: int | None = None,
    seed: int = 0,
) -> Path:
    """Writes config.json and model.safetensors as Hugging Face does, without a tokenizer.

    Weights are large enough that attention and activation are far from linear and that the next
    token depends on the whole prompt; a head of its own keeps answers from repeating. Returns
    ``folder``, which is made if it does not exist.

    A 4-bit build needs ``QuantConfig(group=32)`` or less: the default of 64 does not divide 32.
    """
    config = {
        "model_type": "gpt2",
        "n_layer": layers,
        "n_embd": features,
        "n_head": heads,
        "n_inner": hidden,
        "vocab_size": vocabulary,
        "n_positions": context,
        "activation_function": function,
        "tie_word_embeddings": tied,
        "eos_token_id": end_of_text,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    graph = gpt2_graph("tiny", Gpt2Config.from_json(config, "config.json"))
    random = np.random.default_rng(seed)
    tensors = {}
    for parameter in graph.parameters():
        name, shape = parameter.name, parameter.shape
        values = random.standard_normal(shape).astype(np.float32)
        if name.startswith(("w", "lm_head")):
            values *= 0.5
        elif len(shape) == 2:
            # What a block adds outweighs the embedding: else a tied head repeats the last token.
            values *= (3.0 if "c_proj" in name else 1.0) / np.sqrt(np.float32(shape[0]))
        else:
            values = np.float32(name.endswith(".weight")) + np.float32(0.1) * values
        tensors[name if name.startswith("lm_head") else f"transformer.{name}"] = values
    save_file(tensors, folder / "model.safetensors")
    return folder
