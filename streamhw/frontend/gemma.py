# SPDX-License-Identifier: Apache-2.0
"""Gemma: norms that are stored less 1, and an embedding that is scaled."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .decoder_config import DecoderConfig
from .decoder_family import DecoderFamily, decoder_config
from .reading.config_reader import ConfigReader, Values
from .reading.stored_tensor import ChangedTensor, StoredTensors

__all__ = ["GEMMA", "Gemma", "plus_one"]


def plus_one(stored: StoredTensors) -> StoredTensors:
    """Weights of norms as they multiply: the files hold them less 1."""

    def change(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return values + np.float32(1)

    return {
        name: ChangedTensor(tensor, change, tensor.shape)
        if name.endswith("norm.weight")
        else tensor
        for name, tensor in stored.items()
    }


class Gemma(DecoderFamily):
    """Gemma 1: as Llama, with an embedding times the root of its width and norms plus 1."""

    model_types = ("gemma",)
    defaults: ClassVar[Values] = {
        "vocab_size": 256_000,
        "hidden_size": 3072,
        "intermediate_size": 24_576,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 16,
        "head_dim": 256,
        "hidden_act": "gelu_pytorch_tanh",
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "attention_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": 2,
        "eos_token_id": 1,
    }

    def read(self, reader: ConfigReader) -> DecoderConfig:
        reader.require(use_bidirectional_attention=False)
        bias = reader.switch("attention_bias")
        function = reader.function("hidden_act")
        return decoder_config(
            reader,
            # The first files say "gelu" and mean the approximation.
            function="gelu_tanh" if function == "gelu_erf" else function,
            projection_bias=bias,
            output_bias=bias,
            embedding_scale=reader.integer("hidden_size") ** 0.5,
        )

    def tensors(self, config: DecoderConfig, stored: StoredTensors, source: str) -> StoredTensors:
        return plus_one(super().tensors(config, stored, source))


GEMMA = Gemma()
