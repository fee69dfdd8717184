# SPDX-License-Identifier: Apache-2.0
"""Architectures of GGUF files: Hugging Face's names of their metadata and tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ARCHITECTURES", "Architecture"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One value of ``general.architecture``.

    model_type: Hugging Face's name
    integers, numbers: keys of a configuration, and those of the metadata behind the architecture's
        name
    optional: what holds for those that may be missing
    constants: keys of a configuration that are the same in all files
    outer, inner: names of tensors outside and inside blocks, without ``blk.N.``; ``block`` is the
        name of a block
    interleaved: whether rows of queries and keys are stored for rotary angles on adjacent pairs
    norms_add_one: whether weights of norms are stored with the 1 that the model adds
    transposed: tensors of blocks that Hugging Face stores as [inputs, outputs]
    """

    model_type: str
    integers: Mapping[str, str]
    numbers: Mapping[str, str]
    optional: Mapping[str, float | None] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    outer: Mapping[str, str]
    inner: Mapping[str, str]
    block: str
    interleaved: bool = False
    norms_add_one: bool = False
    transposed: tuple[str, ...] = ()


_SIZES = {
    "num_hidden_layers": "block_count",
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "max_position_embeddings": "context_length",
}
_OPTIONAL = {"num_key_value_heads": None, "head_dim": None, "rope_theta": 10_000.0}
_NUMBERS = {"rms_norm_eps": "attention.layer_norm_rms_epsilon", "rope_theta": "rope.freq_base"}
_OUTER = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_INNER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def _decoder(
    model_type: str,
    *,
    constants: Mapping[str, object] | None = None,
    integers: Mapping[str, str] | None = None,
    inner: Mapping[str, str] | None = None,
    interleaved: bool = False,
    norms_add_one: bool = False,
) -> Architecture:
    more = integers or {}
    return Architecture(
        model_type=model_type,
        integers={**_SIZES, **more},
        numbers=_NUMBERS,
        optional={**_OPTIONAL, **dict.fromkeys(more)},
        constants=constants or {"hidden_act": "silu"},
        outer=_OUTER,
        inner={**_INNER, **(inner or {})},
        block="model.layers.{}",
        interleaved=interleaved,
        norms_add_one=norms_add_one,
    )


ARCHITECTURES: Mapping[str, Architecture] = {
    "llama": _decoder("llama", interleaved=True),
    "qwen2": _decoder("qwen2"),
    "qwen3": _decoder("qwen3"),
    "gemma3": _decoder(
        "gemma3_text",
        constants={
            "hidden_activation": "gelu_pytorch_tanh",
            "rope_local_base_freq": 10_000.0,
            "sliding_window_pattern": 6,
        },
        integers={"sliding_window": "attention.sliding_window"},
        inner={
            "post_attention_norm": "post_attention_layernorm",
            "ffn_norm": "pre_feedforward_layernorm",
            "post_ffw_norm": "post_feedforward_layernorm",
        },
        norms_add_one=True,
    ),
    "gpt2": Architecture(
        model_type="gpt2",
        integers={
            "n_layer": "block_count",
            "n_embd": "embedding_length",
            "n_inner": "feed_forward_length",
            "n_head": "attention.head_count",
            "n_positions": "context_length",
        },
        numbers={"layer_norm_epsilon": "attention.layer_norm_epsilon"},
        outer={
            "token_embd": "wte",
            "position_embd": "wpe",
            "output_norm": "ln_f",
            "output": "lm_head",
        },
        inner={
            "attn_norm": "ln_1",
            "attn_qkv": "attn.c_attn",
            "attn_output": "attn.c_proj",
            "ffn_norm": "ln_2",
            "ffn_up": "mlp.c_fc",
            "ffn_down": "mlp.c_proj",
        },
        block="h.{}",
        transposed=("attn_qkv", "attn_output", "ffn_up", "ffn_down"),
    ),
}
"""By ``general.architecture``."""
