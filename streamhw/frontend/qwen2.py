# SPDX-License-Identifier: Apache-2.0
"""Qwen 2 and 2.5: a Llama with biases of queries, keys and values."""

from typing import ClassVar

from .decoder_config import DecoderConfig
from .decoder_family import DecoderFamily, decoder_config, layer_types
from .reading.config_reader import ConfigReader, Values

__all__ = ["QWEN2", "Qwen2", "slides"]


class Qwen2(DecoderFamily):
    """Qwen 2 and 2.5: as Llama, with biases of queries, keys and values."""

    model_types = ("qwen2",)
    defaults: ClassVar[Values] = {
        "vocab_size": 151_936,
        "hidden_size": 4096,
        "intermediate_size": 22_016,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "head_dim": None,
        "hidden_act": "silu",
        "max_position_embeddings": 32_768,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "use_sliding_window": False,
        "sliding_window": 4096,
        "max_window_layers": 28,
        "tie_word_embeddings": False,
        "bos_token_id": None,
        "eos_token_id": None,
    }

    def read(self, reader: ConfigReader) -> DecoderConfig:
        return decoder_config(reader, types=slides(reader), projection_bias=True)


def slides(reader: ConfigReader) -> tuple[str, ...] | None:
    """The types of the layers; None if windows are switched off, whatever the layers say."""
    if not reader.switch("use_sliding_window"):
        return None
    first = reader.integer("max_window_layers", least=0)
    return layer_types(reader, lambda layer: layer >= first)


QWEN2 = Qwen2()
