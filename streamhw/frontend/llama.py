# SPDX-License-Identifier: Apache-2.0
"""Llama 1 to 3, and what is written like them: SmolLM 2, TinyLlama."""

from typing import ClassVar

from .decoder_config import DecoderConfig
from .decoder_family import DecoderFamily, decoder_config
from .reading.config_reader import ConfigReader, Values

__all__ = ["LLAMA", "Llama"]


class Llama(DecoderFamily):
    """Llama 1 to 3, SmolLM 2, TinyLlama: gated layers, rotary angles, biases if switched on."""

    model_types = ("llama",)
    defaults: ClassVar[Values] = {
        "vocab_size": 32_000,
        "hidden_size": 4096,
        "intermediate_size": 11_008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": None,
        "head_dim": None,
        "hidden_act": "silu",
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }

    def read(self, reader: ConfigReader) -> DecoderConfig:
        bias = reader.switch("attention_bias")
        return decoder_config(
            reader,
            projection_bias=bias,
            output_bias=bias,
            gated_bias=reader.switch("mlp_bias"),
        )


LLAMA = Llama()
