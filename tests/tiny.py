# SPDX-License-Identifier: Apache-2.0
"""Tiny models with seeded random weights, for tests that need any whole model."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from streamhw.frontend.decoder import decoder_graph
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.gpt2 import GPT2
from streamhw.frontend.model import Model, Origin

__all__ = ["TINY_BIASED", "TINY_GEMMA", "TINY_LLAMA", "TINY_QWEN", "TINY_QWEN3"]
__all__ += ["tiny_decoder", "write_tiny"]

TINY_LLAMA = DecoderConfig(
    layers=2,
    features=32,
    hidden=64,
    heads=4,
    kv_heads=2,
    head_dim=8,
    vocabulary=60,
    context=32,
    epsilon=1e-5,
    tied=False,
)
TINY_QWEN = replace(TINY_LLAMA, bases=(1e6,), projection_bias=True)
TINY_QWEN3 = replace(TINY_LLAMA, head_norms=True, head_dim=16)
TINY_BIASED = replace(
    TINY_LLAMA,
    projection_bias=True,
    output_bias=True,
    gated_bias=True,
    bases=(1e4, 1e2),
    scalings=((8.0, 8.0, 32.0), (4.0, 0.0, 0.0)),
)
TINY_GEMMA = replace(
    TINY_LLAMA,
    kv_heads=1,
    head_dim=32,
    function="gelu_tanh",
    bases=(1e4, 1e6),
    head_norms=True,
    outer_norms=True,
    embedding_scale=32**0.5,
)


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

    With ``QuantConfig(scale_group=32)`` a 4-bit build pads no row; the default of 64 does.
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
    graph = GPT2.graph("tiny", GPT2.read_config(config, "config.json"))
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


def tiny_decoder(config: DecoderConfig = TINY_LLAMA, *, seed: int = 0) -> Model:
    """A decoder with weights as ``write_tiny`` makes them, quantized as if they were trained."""
    graph = decoder_graph("tiny_decoder", config)
    random = np.random.default_rng(seed)
    tensors = {}
    for parameter in graph.parameters():
        name, shape = parameter.name, parameter.shape
        values = random.standard_normal(shape).astype(np.float32)
        if name.startswith(("model.embed", "lm_head")):
            values *= 0.5
        elif len(shape) == 2:
            adds = name.endswith(("o_proj.weight", "down_proj.weight"))
            values *= (3.0 if adds else 1.0) / np.sqrt(np.float32(shape[1]))
        else:
            values = np.float32(name.endswith("norm.weight")) + np.float32(0.1) * values
        tensors[name] = values
    return Model(
        name=graph.name, graph=graph, config=config, weights=tensors, origin=Origin.CHECKPOINT
    )
