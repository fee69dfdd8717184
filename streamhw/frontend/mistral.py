# SPDX-License-Identifier: Apache-2.0
"""Mistral: a Llama whose layers may all see a sliding window."""

from typing import ClassVar

from .decoder_config import DecoderConfig
from .decoder_family import DecoderFamily, decoder_config, layer_types
from .reading.config_reader import ConfigReader, Values

__all__ = ["MISTRAL", "Mistral"]


class Mistral(DecoderFamily):
    """Mistral 7B and its kind: as Llama, with a sliding window in all layers, or in none."""

    model_types = ("mistral",)
    defaults: ClassVar[Values] = {
        "vocab_size": 32_000,
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": None,
        "hidden_act": "silu",
        "max_position_embeddings": 131_072,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "sliding_window": 4096,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }

    def read(self, reader: ConfigReader) -> DecoderConfig:
        return decoder_config(reader, types=layer_types(reader, lambda layer: True))


MISTRAL = Mistral()
