# SPDX-License-Identifier: Apache-2.0
"""Qwen 3: no biases, and norms of each head's queries and keys."""

from typing import ClassVar

from .decoder_config import DecoderConfig
from .decoder_family import DecoderFamily, decoder_config
from .qwen2 import QWEN2, slides
from .reading.config_reader import ConfigReader, Values

__all__ = ["QWEN3", "Qwen3"]


class Qwen3(DecoderFamily):
    """Qwen 3, dense: as Llama, with norms of each head's queries and keys."""

    model_types = ("qwen3",)
    defaults: ClassVar[Values] = {**QWEN2.defaults, "head_dim": 128, "attention_bias": False}

    def read(self, reader: ConfigReader) -> DecoderConfig:
        bias = reader.switch("attention_bias")
        return decoder_config(
            reader, types=slides(reader), projection_bias=bias, output_bias=bias, head_norms=True
        )


QWEN3 = Qwen3()
