# SPDX-License-Identifier: Apache-2.0
"""The configuration of a GGUF file, with the names of Hugging Face's config.json."""

from collections.abc import Mapping
from typing import Any

from ...errors import UserError
from .architecture import ARCHITECTURES, Architecture
from .metadata import Metadata
from .reader import GgufFile
from .rotary_factors import FACTORS, llama3_scaling
from .tensors import has_own_head

__all__ = ["architecture_of", "config_of"]

_UNSCALED = ("none", "")
_GEMMA_27B_LAYERS = 62
"""The one size whose scores are not divided by the root of the width of a head."""
_ENDS = ("eos", "eot", "eom")
_SAID_ENDS = frozenset(
    {
        "<|endoftext|>", "<|im_end|>", "<|end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>",
        "<|end_of_text|>",
    }
)  # fmt: skip
"""Control tokens that end an answer even where no metadata says so, as in llama.cpp."""
_CONTROL = 3


def architecture_of(file: GgufFile) -> tuple[str, Architecture]:
    """The architecture's name, and what it is; raises ``UserError`` for one that is not known."""
    name = Metadata(file).text("general.architecture")
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UserError(f"{file.path}: architecture must be one of {known}, not {name!r}")
    return name, ARCHITECTURES[name]


def config_of(file: GgufFile) -> dict[str, Any]:
    """What a config.json of the model would hold; raises ``UserError`` for metadata that is
    missing or of another kind."""
    metadata = Metadata(file)
    name, architecture = architecture_of(file)
    values: dict[str, Any] = {"model_type": architecture.model_type, **architecture.constants}
    for read, keys in (
        (metadata.integer, architecture.integers),
        (metadata.number, architecture.numbers),
    ):
        for key, stored in keys.items():
            if key in architecture.optional and f"{name}.{stored}" not in metadata:
                values[key] = architecture.optional[key]
            else:
                values[key] = read(f"{name}.{stored}")
    table = file.tensors.get("token_embd.weight")
    if table is None:
        raise UserError(f"{file.path}: tensor token_embd.weight is missing")
    values["vocab_size"] = table.shape[0]
    values["tie_word_embeddings"] = not has_own_head(file)
    values["attention_bias"] = "blk.0.attn_output.bias" in file.tensors
    values["mlp_bias"] = "blk.0.ffn_down.bias" in file.tensors
    if name == "gemma3":
        values["query_pre_attn_scalar"] = _query_scalar(values)
    scaling = metadata.text(f"{name}.rope.scaling.type", "none")
    if scaling not in _UNSCALED:
        factor = metadata.number(f"{name}.rope.scaling.factor", 1.0)
        values["rope_scaling"] = {"rope_type": scaling, "factor": factor}
        if scaling == "yarn":
            values["rope_scaling"] |= {
                "original_max_position_embeddings": metadata.integer(
                    f"{name}.rope.scaling.original_context_length"
                ),
                "beta_fast": metadata.number(f"{name}.rope.scaling.yarn_beta_fast", 32.0),
                "beta_slow": metadata.number(f"{name}.rope.scaling.yarn_beta_slow", 1.0),
            }
    elif FACTORS in file.tensors:
        values["rope_scaling"] = llama3_scaling(file, values["rope_theta"])
    return values | _special(metadata)


def _query_scalar(values: Mapping[str, Any]) -> int:
    """What scores of a Gemma 3 are divided by the root of: the file does not say it."""
    features, heads = values["hidden_size"], values["num_attention_heads"]
    if values["num_hidden_layers"] == _GEMMA_27B_LAYERS or values["head_dim"] is None:
        return int(features // max(1, heads))
    return int(values["head_dim"])


def _special(metadata: Metadata) -> dict[str, Any]:
    """The tokens that begin and end a text."""
    key = "tokenizer.ggml.{}_token_id"
    ends = [metadata.integer(key.format(end)) for end in _ENDS if key.format(end) in metadata]
    if "tokenizer.ggml.tokens" in metadata and "tokenizer.ggml.token_type" in metadata:
        tokens = metadata.texts("tokenizer.ggml.tokens")
        kinds = metadata.numbers("tokenizer.ggml.token_type")
        ends += [
            token
            for token, (text, kind) in enumerate(zip(tokens, kinds, strict=False))
            if kind == _CONTROL and text in _SAID_ENDS
        ]
    values: dict[str, Any] = {"eos_token_id": list(dict.fromkeys(ends)), "bos_token_id": None}
    if key.format("bos") in metadata:
        values["bos_token_id"] = metadata.integer(key.format("bos"))
    return values
