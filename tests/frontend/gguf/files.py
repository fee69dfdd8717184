# SPDX-License-Identifier: Apache-2.0
"""Small GGUF files for tests, written with the ``gguf`` package, from models of the tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter
from gguf.constants import GGMLQuantizationType
from gguf.quants import quantize

from streamhw.frontend.gguf.architecture import ARCHITECTURES
from streamhw.frontend.model import Model
from streamhw.frontend.tokenizers.byte_alphabet import ALPHABET

__all__ = ["PIECES", "adjacent", "write_gguf", "write_llama"]

PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
PIECES += ["▁", "a", "b", "▁a", "ab", "▁ab", "é"]
"""A vocabulary with scores: unknown, begin, end, bytes, and some pieces."""


def adjacent(values: np.ndarray, heads: int) -> np.ndarray:
    """Rows of each head as llama.cpp has them: rotary angles turn adjacent pairs."""
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(values.shape)


def write_gguf(
    path: Path,
    architecture: str,
    values: Mapping[str, Any],
    tensors: Mapping[str, np.ndarray],
    *,
    type: GGMLQuantizationType = GGMLQuantizationType.F32,
    tokenizer: str | None = None,
    **extra: Any,
) -> Path:
    """Writes a file; values: behind the architecture's name; tokenizer: ``gpt2`` or ``llama``;
    extra: metadata with ``__`` for dots."""
    writer = GGUFWriter(path, architecture)
    for key, value in values.items():
        add = writer.add_float32 if isinstance(value, float) else writer.add_uint32
        add(f"{architecture}.{key}", value)
    if tokenizer == "gpt2":
        tokens = [*ALPHABET, "ab", "<|end|>", "<think>"]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("smollm")
        writer.add_token_list(tokens)
        writer.add_token_types([1] * (len(tokens) - 2) + [3, 4])
        writer.add_token_merges(["a b"])
        writer.add_eos_token_id(len(tokens) - 2)
    elif tokenizer == "llama":
        writer.add_tokenizer_model("llama")
        writer.add_token_list(PIECES)
        writer.add_token_scores([0.0] * 259 + [-float(i) for i in range(len(PIECES) - 259)])
        writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(PIECES) - 259))
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
    for key, value in extra.items():
        add = {
            str: writer.add_string,
            bool: writer.add_bool,
            int: writer.add_uint32,
            float: writer.add_float32,
        }[value.__class__]
        add(key.replace("__", "."), value)
    for name, data in tensors.items():
        if data.ndim == 1 or type is GGMLQuantizationType.F32:
            writer.add_tensor(name, data.astype(np.float32))
        elif type is GGMLQuantizationType.F16:
            writer.add_tensor(name, data.astype(np.float16))
        else:
            writer.add_tensor(name, quantize(data.astype(np.float32), type), raw_dtype=type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_llama(path: Path, model: Model, **more: Any) -> Path:
    """A decoder of ``tests.tiny`` as llama.cpp's converter writes a Llama."""
    c: Any = model.config
    known = ARCHITECTURES["llama"]
    inner = {there: here for here, there in known.inner.items()}
    outer = {there: here for here, there in known.outer.items()}
    tensors = {}
    for name in model.weights:
        data = model.weights[name]
        if name.startswith("model.layers."):
            _, _, number, rest = name.split(".", 3)
            part = inner[rest.rpartition(".")[0]]
            if part in ("attn_q", "attn_k"):
                data = adjacent(data, c.heads if part == "attn_q" else c.kv_heads)
            tensors[f"blk.{number}.{part}.weight"] = data
        else:
            tensors[f"{outer[name.rpartition('.')[0]]}.weight"] = data
    values = {
        "block_count": c.layers,
        "embedding_length": c.features,
        "feed_forward_length": c.hidden,
        "context_length": c.context,
        "attention.head_count": c.heads,
        "attention.head_count_kv": c.kv_heads,
        "attention.key_length": c.head_dim,
        "attention.layer_norm_rms_epsilon": c.epsilon,
        "rope.freq_base": c.bases[0],
    }
    return write_gguf(path, "llama", values, tensors, **more)
