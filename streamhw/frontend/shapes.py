# SPDX-License-Identifier: Apache-2.0
"""Shapes of models that everybody knows, in one table; weights are the user's or random."""

from collections.abc import Mapping

from .decoder import DecoderConfig
from .gpt2 import Gpt2Config

__all__ = ["END_TOKENS", "SHAPES"]

SHAPES: Mapping[str, Gpt2Config | DecoderConfig] = {
    "gpt2": Gpt2Config(
        layers=12,
        features=768,
        heads=12,
        vocabulary=50257,
        context=1024,
        hidden=3072,
    ),
    "gpt2-medium": Gpt2Config(
        layers=24,
        features=1024,
        heads=16,
        vocabulary=50257,
        context=1024,
        hidden=4096,
    ),
    "qwen2.5-0.5b": DecoderConfig(
        layers=24,
        features=896,
        hidden=4864,
        heads=14,
        kv_heads=2,
        head_dim=64,
        vocabulary=151_936,
        context=1024,
        bases=(1e6,),
        projection_bias=True,
    ),
    "llama-1.1b": DecoderConfig(
        layers=22,
        features=2048,
        hidden=5632,
        heads=32,
        kv_heads=4,
        head_dim=64,
        vocabulary=32_000,
        context=1024,
        epsilon=1e-5,
        tied=False,
    ),
    # Five of six layers see a window of 512 positions: up to that many it hides nothing.
    "gemma3-1b": DecoderConfig(
        layers=26,
        features=1152,
        hidden=6912,
        heads=4,
        kv_heads=1,
        head_dim=256,
        vocabulary=262_144,
        context=512,
        function="gelu_tanh",
        bases=(1e4, 1e4, 1e4, 1e4, 1e4, 1e6),
        head_norms=True,
        outer_norms=True,
        embedding_scale=1152**0.5,
    ),
}

END_TOKENS: Mapping[str, int] = {
    "gpt2": 50256,
    "gpt2-medium": 50256,
    "qwen2.5-0.5b": 151_643,
    "llama-1.1b": 2,
    "gemma3-1b": 1,
}
"""The token that ends a text of these models."""
