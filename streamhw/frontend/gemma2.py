# SPDX-License-Identifier: Apache-2.0
"""Gemma 2: four norms a layer, and windows in every other one."""

from typing import Any, ClassVar

from .decoder_config import DecoderConfig
from .decoder_family import DecoderFamily, decoder_config, layer_types
from .gemma import plus_one
from .reading.config_reader import ConfigReader, Values
from .reading.stored_tensor import ChangedTensor, StoredTensors

__all__ = ["GEMMA2", "Gemma2", "gemma2_config", "scaled"]


class Gemma2(DecoderFamily):
    """Gemma 2 without its soft-caps, which the hardware does not have: four norms a layer."""

    model_types = ("gemma2",)
    defaults: ClassVar[Values] = {
        "vocab_size": 256_000,
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "attention_bias": False,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "final_logit_softcapping": 30.0,
        "attn_logit_softcapping": 50.0,
        "tie_word_embeddings": True,
        "bos_token_id": 2,
        "eos_token_id": 1,
    }

    def read(self, reader: ConfigReader) -> DecoderConfig:
        return gemma2_config(reader, layer_types(reader, lambda layer: layer % 2 == 0))

    def tensors(self, config: DecoderConfig, stored: StoredTensors, source: str) -> StoredTensors:
        named = plus_one(super().tensors(config, stored, source))
        # Scores are linear in the queries, which nothing normalizes.
        return scaled(named, ("q_proj.weight", "q_proj.bias"), config.query_scale)


def gemma2_config(reader: ConfigReader, types: tuple[str, ...], **more: Any) -> DecoderConfig:
    """The numbers of a Gemma 2 or 3; refuses soft-caps and attention to later positions."""
    reader.require(
        attn_logit_softcapping=None,
        final_logit_softcapping=None,
        use_bidirectional_attention=False,
    )
    bias = reader.switch("attention_bias")
    size = reader.integer("head_dim")
    return decoder_config(
        reader,
        function=reader.function("hidden_activation"),
        types=types,
        projection_bias=bias,
        output_bias=bias,
        outer_norms=True,
        embedding_scale=reader.integer("hidden_size") ** 0.5,
        query_scale=(size / reader.number("query_pre_attn_scalar")) ** 0.5,
        **more,
    )


def scaled(stored: StoredTensors, ends: tuple[str, ...], factor: float) -> StoredTensors:
    """The tensors, those whose names end so times ``factor``."""
    if factor == 1:
        return stored
    return {
        name: ChangedTensor(tensor, lambda x: x * x.dtype.type(factor), tensor.shape)
        if name.endswith(ends)
        else tensor
        for name, tensor in stored.items()
    }


GEMMA2 = Gemma2()
